using KvmSharp.Cpu;
using KvmSharp.Paging;

namespace KvmSharp.Tests.Paging;

/// <summary>Every combination of rights, registers and accesses, in each paging mode and page size, against the manual's rules told another way.</summary>
public class PermissionTests
{
    private const ulong Page = 0x0040_0000;

    [Fact]
    public void Walk_32Bit_FollowsTheTable() => CheckAll<Paging32Bit>(size: 12, hasExecuteDisable: false);

    [Fact]
    public void Walk_32BitLargePages_FollowsTheTable() => CheckAll<Paging32Bit>(size: 22, hasExecuteDisable: false);

    [Fact]
    public void Walk_Pae_FollowsTheTable() => CheckAll<PagingPae>(size: 12, hasExecuteDisable: true);

    [Fact]
    public void Walk_PaeLargePages_FollowsTheTable() => CheckAll<PagingPae>(size: 21, hasExecuteDisable: true);

    [Fact]
    public void Walk_4Level_FollowsTheTable() => CheckAll<Paging4Level>(size: 12, hasExecuteDisable: true);

    [Fact]
    public void Walk_4LevelLargePages_FollowsTheTable() => CheckAll<Paging4Level>(size: 21, hasExecuteDisable: true);

    [Fact]
    public void Walk_4LevelHugePages_FollowsTheTable() => CheckAll<Paging4Level>(size: 30, hasExecuteDisable: true);

    [Theory]
    [InlineData(12, 1, 1UL << 40)]
    [InlineData(12, 4, 1UL << 7)]   // PS in a PML4 entry
    [InlineData(12, 2, 1UL << 51)]
    [InlineData(21, 2, 1UL << 13)]
    [InlineData(21, 2, 1UL << 20)]
    [InlineData(30, 3, 1UL << 29)]
    [InlineData(12, 1, 1UL << 63)]  // XD while EFER.NXE is clear
    public void Walk_4LevelReservedBit_IsTold(int size, int level, ulong bit)
    {
        var tables = PageTablesOf<Paging4Level>.Make(size, level, bit, Page);
        WalkResult walk = tables.Walk(new PagingRegisters(0x8000_0011, 0, 0x20, 0x500, 2), Page, PageAccess.User | PageAccess.Write);
        (walk.IsFault, walk.ErrorCode).Should().Be((true, 0xFu));
    }

    [Theory]
    [InlineData(1, 1UL << 62)]
    [InlineData(2, 1UL << 52)]
    [InlineData(3, 1UL << 5)]
    [InlineData(3, 1UL << 63)]
    public void Walk_PaeReservedBit_IsTold(int level, ulong bit)
    {
        var tables = PageTablesOf<PagingPae>.Make(12, level, bit, Page);
        WalkResult walk = tables.Walk(new PagingRegisters(0x8000_0011, 0, 0x20, 0x800, 2), Page, PageAccess.Read);
        (walk.IsFault, walk.ErrorCode).Should().Be((true, 9u));
    }

    [Fact]
    public void Walk_LargePages_AddTheOffset()
    {
        var tables = PageTablesOf<Paging4Level>.Make(30, 0, 0, 0x7F_C000_0000);
        WalkResult walk = tables.Walk(new PagingRegisters(0x8000_0011, 0, 0x20, 0x500, 2), 0x7F_C123_4567, PageAccess.Read);
        (walk.Physical, walk.PageShift).Should().Be((0x7F_C123_4567UL, 30));
    }

    private static void CheckAll<TMode>(int size, bool hasExecuteDisable)
        where TMode : struct, IPagingMode
    {
        PageAccess[] kinds = [PageAccess.Read, PageAccess.Write, PageAccess.Execute];
        for (int bits = 0; bits < 1 << 9; bits++)
        {
            bool user = (bits & 1) != 0;
            bool writable = (bits & 2) != 0;
            bool executeDisable = (bits & 4) != 0;
            bool nxe = (bits & 8) != 0;
            bool wp = (bits & 16) != 0;
            bool smep = (bits & 32) != 0;
            bool smap = (bits & 64) != 0;
            bool ac = (bits & 128) != 0;
            bool byUser = (bits & 256) != 0;
            if (executeDisable && (!nxe || !hasExecuteDisable))
            {
                continue; // a reserved bit then, or none at all
            }

            ulong rights = (user ? PageEntry.User : 0) | (writable ? PageEntry.Writable : 0) | (executeDisable ? PageEntry.ExecuteDisable : 0);
            var tables = PageTablesOf<TMode>.MakeWithRights(size, rights, Page);
            var registers = new PagingRegisters(
                0x8000_0011 | (wp ? Cr0.WriteProtect : 0),
                0,
                Cr4.PageSizeExtensions | (smep ? Cr4.SupervisorExecutionPrevention : 0) | (smap ? Cr4.SupervisorAccessPrevention : 0),
                nxe ? Efer.ExecuteDisableEnable : 0,
                ac ? Rflags.AlignmentCheck : 0);
            foreach (PageAccess kind in kinds)
            {
                bool fetch = kind == PageAccess.Execute;
                bool write = kind == PageAccess.Write;
                bool allowed = fetch
                    ? !executeDisable && (byUser ? user : !(user && smep))
                    : byUser
                        ? user && (!write || writable)
                        : !(user && smap && !ac) && (!write || writable || !wp);
                uint error = 1u | (write ? 2u : 0) | (byUser ? 4u : 0) | (fetch && ((nxe && hasExecuteDisable) || smep) ? 16u : 0);
                WalkResult walk = tables.Walk(registers, Page, kind | (byUser ? PageAccess.User : PageAccess.Read));
                (walk.IsFault, walk.ErrorCode).Should().Be((!allowed, allowed ? 0 : error), "bits {0:X} {1}", bits, kind);
            }
        }
    }
}
