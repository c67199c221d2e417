using System.Runtime.InteropServices;

namespace KvmSharp.Cli.Labs;

/// <summary>Takes system calls away from this process: no new processes, no sockets, no signals to others. Linux's seccomp, which needs no rights.</summary>
/// <remarks>Source: seccomp(2); the numbers are those of x86-64, on other architectures nothing is filtered.</remarks>
internal static class SystemCallFilter
{
    private const nint Seccomp = 317;
    private const nuint SetModeFilter = 1;
    private const nuint AllThreads = 1; // SECCOMP_FILTER_FLAG_TSYNC
    private const int NoNewPrivileges = 38;

    private const uint Architecture64 = 0xC000_003E; // AUDIT_ARCH_X86_64
    private const uint FirstOfX32 = 0x4000_0000;
    private const uint Allow = 0x7FFF_0000;
    private const uint NotPermitted = 0x0005_0000 | 1; // EPERM
    private const uint NoSuchCall = 0x0005_0000 | 38;  // ENOSYS: the C library then takes the older call

    private const uint Clone = 56;
    private const uint Clone3 = 435;
    private const uint CloneThread = 0x1_0000;
    private const uint Kill = 62;
    private const uint ThreadGroupKill = 234;

    // Codes of linux/filter.h.
    private const ushort LoadWord = 0x20;
    private const ushort IfEqual = 0x15;
    private const ushort IfAtLeast = 0x35;
    private const ushort IfAnyBit = 0x45;
    private const ushort ReturnAction = 0x06;

    // struct seccomp_data: nr, arch, instruction_pointer, args[6]
    private const uint NumberAt = 0;
    private const uint ArchitectureAt = 4;
    private const uint FirstArgumentAt = 16;

    private static readonly uint[] Forbidden =
    [
        41, 42, 43, 49, 50, 53, 288, // socket, connect, accept, bind, listen, socketpair, accept4
        57, 58, 59, 322, // fork, vfork, execve, execveat
        101, 310, 311, 200, // ptrace, process_vm_readv, process_vm_writev, tkill
        109, 112, 129, 297, 424, 434, // setpgid, setsid, rt_sigqueueinfo, rt_tgsigqueueinfo, pidfd_send_signal, pidfd_open
        155, 161, 165, 166, 272, 308, // pivot_root, chroot, mount, umount2, unshare, setns
        160, 246, 250, 298, 320, 321, 323, 425, // setrlimit, kexec_load, keyctl, perf_event_open, kexec_file_load, bpf, userfaultfd, io_uring_setup
    ];

    /// <summary>Filters the calls of every thread of this process, for good.</summary>
    /// <returns>Whether it is done.</returns>
    public static bool Enter()
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64)
        {
            return false;
        }

        FilterStep[] steps = Program((uint)Environment.ProcessId);
        var pinned = GCHandle.Alloc(steps, GCHandleType.Pinned);
        try
        {
            var program = new FilterProgram { Length = (ushort)steps.Length, Steps = pinned.AddrOfPinnedObject() };
            return Control(NoNewPrivileges, 1, 0, 0, 0) == 0 && Install(Seccomp, SetModeFilter, AllThreads, program) == 0;
        }
        finally
        {
            pinned.Free();
        }
    }

    // Jumps skip steps when the comparison fails; what is compared is what was loaded last.
    private static FilterStep[] Program(uint self) =>
    [
        Load(ArchitectureAt), new(IfEqual, 1, 0, Architecture64), Return(NotPermitted),
        Load(NumberAt), new(IfAtLeast, 0, 1, FirstOfX32), Return(NotPermitted),
        .. Forbidden.SelectMany(number => (FilterStep[])[new(IfEqual, 0, 1, number), Return(NotPermitted)]),
        new(IfEqual, 0, 1, Clone3), Return(NoSuchCall),
        .. Guarded(Clone, IfAnyBit, CloneThread), // threads, no processes
        .. Guarded(Kill, IfEqual, self), // this process, no other
        .. Guarded(ThreadGroupKill, IfEqual, self),
        Return(Allow),
    ];

    private static FilterStep[] Guarded(uint number, ushort test, uint operand) =>
        [new(IfEqual, 0, 4, number), Load(FirstArgumentAt), new(test, 0, 1, operand), Return(Allow), Return(NotPermitted)];

    private static FilterStep Load(uint offset) => new(LoadWord, 0, 0, offset);

    private static FilterStep Return(uint action) => new(ReturnAction, 0, 0, action);

    [DllImport("libc", EntryPoint = "syscall")]
    private static extern nint Install(nint number, nuint mode, nuint flags, in FilterProgram program);

    [DllImport("libc", EntryPoint = "prctl")]
    private static extern int Control(int option, nuint first, nuint second, nuint third, nuint fourth);

    // struct sock_filter
    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct FilterStep(ushort Code, byte WhenTrue, byte WhenFalse, uint Operand);

    // struct sock_fprog
    [StructLayout(LayoutKind.Sequential)]
    private struct FilterProgram
    {
        public ushort Length;
        public nint Steps;
    }
}
