using KvmSharp.Cpu;

namespace KvmSharp.Paging;

/// <summary>The rights that the entries of a walk leave together, and what they allow. Intel SDM Vol. 3A, "Determination of Access Rights".</summary>
/// <remarks>
/// A page is writable, or a user page, only if every entry says so; it is execute-disabled if any entry says so.
/// <code>
///                 user page                        supervisor page
/// user read       yes                              no
/// user write      R/W                              no
/// user fetch      not XD                           no
/// super. read     not SMAP, or AC and explicit     yes
/// super. write    as read, and (R/W or not WP)     R/W or not WP
/// super. fetch    not SMEP and not XD              not XD
/// </code>
/// </remarks>
internal struct PageRights
{
    private readonly PagingRegisters _registers;
    private readonly bool _executeDisable;
    private ulong _all = PageEntry.Writable | PageEntry.User;
    private ulong _any;

    public PageRights(in PagingRegisters registers, bool hasExecuteDisable)
    {
        _registers = registers;
        _executeDisable = hasExecuteDisable && (registers.Efer & Efer.ExecuteDisableEnable) != 0;
        ReservedBit = hasExecuteDisable && !_executeDisable ? PageEntry.ExecuteDisable : 0;
    }

    /// <summary>Gets bit 63 while it must be 0: EFER.NXE is clear.</summary>
    public ulong ReservedBit { get; }

    public readonly bool IsWritable => (_all & PageEntry.Writable) != 0;

    public readonly bool IsUser => (_all & PageEntry.User) != 0;

    /// <summary>Adds what an entry says.</summary>
    /// <param name="entry">The entry.</param>
    public void Combine(ulong entry)
    {
        _all &= entry;
        _any |= entry;
    }

    /// <summary>Judges an access.</summary>
    /// <param name="access">The access.</param>
    /// <returns>Whether it is allowed.</returns>
    public readonly bool Allow(PageAccess access)
    {
        bool user = (access & PageAccess.User) != 0;
        if (user && !IsUser)
        {
            return false;
        }

        if ((access & PageAccess.Execute) != 0)
        {
            bool supervisorPrevented = !user && IsUser && (_registers.Cr4 & Cr4.SupervisorExecutionPrevention) != 0;
            return !supervisorPrevented && !(_executeDisable && (_any & PageEntry.ExecuteDisable) != 0);
        }

        if (!user && IsUser && (_registers.Cr4 & Cr4.SupervisorAccessPrevention) != 0)
        {
            bool open = (_registers.Rflags & Rflags.AlignmentCheck) != 0 && (access & PageAccess.Implicit) == 0;
            if (!open)
            {
                return false;
            }
        }

        bool write = (access & PageAccess.Write) != 0;
        return !write || IsWritable || (!user && (_registers.Cr0 & Cr0.WriteProtect) == 0);
    }

    /// <summary>Gives the bits of a page-fault error code that the access decides.</summary>
    /// <param name="access">The access.</param>
    /// <returns>W/R, U/S and I/D.</returns>
    public readonly uint ErrorOf(PageAccess access)
    {
        bool fetchesAreTold = _executeDisable || (_registers.Cr4 & Cr4.SupervisorExecutionPrevention) != 0;
        return ((access & PageAccess.Write) != 0 ? PageFaultError.Write : 0)
            | ((access & PageAccess.User) != 0 ? PageFaultError.User : 0)
            | ((access & PageAccess.Execute) != 0 && fetchesAreTold ? PageFaultError.Fetch : 0);
    }
}
