namespace KvmSharp.Machines.Tests;

public class SnapshotTests
{
    [Fact]
    public void Save_OfARestoredMachine_GivesTheSameBytes()
    {
        using var machine = new PcMachine(CountingGuest.Options());
        CountingGuest.Run(machine, 100_000);
        byte[] first = CountingGuest.Save(machine);
        CountingGuest.Save(machine).Should().Equal(first, "saving changes nothing");

        using PcMachine restored = CountingGuest.Restore(first);
        CountingGuest.Save(restored).Should().Equal(first);
        restored.InstructionsRetired.Should().Be(machine.InstructionsRetired);
        restored.Now.Should().Be(machine.Now);
        restored.Image.Should().BeEquivalentTo(machine.Image);
    }

    [Fact]
    public void Restore_AMachineWithAllDevices_RunsOnAlike()
    {
        PcOptions options = CountingGuest.Options() with
        {
            Cpus = 2,
            Devices = OptionalDevices.VirtioConsole | OptionalDevices.VirtioRng,
            Media = new BootMedia { Floppies = [new MemoryDisk(new byte[1440 << 10])], Disks = [new MemoryDisk(new byte[1 << 20])], Cdroms = [new MemoryDisk(new byte[64 << 10], readOnly: true)] },
            FirmwareFiles = new Dictionary<string, ReadOnlyMemory<byte>> { ["opt/test"] = new byte[] { 1, 2, 3 } },
            DebugExit = true,
        };
        using var machine = new PcMachine(options);
        CountingGuest.Run(machine, 123_456);
        machine.Keyboard.Type("abc");
        using PcMachine restored = CountingGuest.Restore(CountingGuest.Save(machine));
        CountingGuest.Run(machine, 10_000_000);
        CountingGuest.Run(restored, 10_000_000);

        CountingGuest.Save(restored).Should().Equal(CountingGuest.Save(machine));
    }

    [Fact]
    public void Restore_InRealTime_GoesOnAtTheSameTime()
    {
        using var machine = new PcMachine(CountingGuest.Options() with { Deterministic = false });
        CountingGuest.Run(machine, 100_000);
        using PcMachine restored = CountingGuest.Restore(CountingGuest.Save(machine));
        restored.Now.Should().Be(machine.Now);
        CountingGuest.Run(restored, 100_000);
        restored.Now.Should().BeGreaterThan(machine.Now);
    }

    [Fact]
    public void Restore_ThenReset_BootsTheImageOfTheSnapshot()
    {
        // inc word [7E00h]; in al,60h; cmp word [7E00h],2; je done; mov al,FEh; out 64h,al; jmp $; done: cli; hlt
        byte[] code = [0xFF, 0x06, 0x00, 0x7E, 0xE4, 0x60, 0x83, 0x3E, 0x00, 0x7E, 0x02, 0x74, 0x06, 0xB0, 0xFE, 0xE6, 0x64, 0xEB, 0xFE, 0xFA, 0xF4];
        using var machine = new PcMachine(CountingGuest.Options() with { Boot = new BootSource { Image = new ImageFile("reset", code), Format = ImageFormat.Flat } });
        CountingGuest.Run(machine, 2);
        using PcMachine restored = CountingGuest.Restore(CountingGuest.Save(machine));
        restored.Run(new MachineRunOptions { MaxInstructions = 1000 }).Reason.Should().Be(MachineStopReason.Halted);
        CountingGuest.Count(restored).Should().Be(2);
    }

    [Fact]
    public async Task Save_WhileTheMachineRuns_IsRefused()
    {
        using var machine = new PcMachine(CountingGuest.Options());
        using var stop = new CancellationTokenSource();
        Task run = Task.Run(() => machine.Run(new MachineRunOptions { Cancellation = stop.Token }));
        SpinWait.SpinUntil(() => machine.InstructionsRetired > 1000);
        Action save = () => machine.Save(new MemoryStream());
        Action fork = () => machine.Fork();
        save.Should().Throw<KvmException>();
        fork.Should().Throw<KvmException>();
        await stop.CancelAsync();
        await run;
    }

    [Fact]
    public void Save_BehindAnAccessThatStoppedTheRun_AnswersItWithOnes()
    {
        // in al,42h would find the timer; in al,0E0h nobody; inc bx; hlt
        byte[] code = [0xE4, 0xE0, 0x43, 0xF4];
        using var machine = new PcMachine(CountingGuest.Options() with { Boot = new BootSource { Image = new ImageFile("unmapped", code), Format = ImageFormat.Flat }, StopOnUnmapped = true });
        machine.Run(new MachineRunOptions()).Reason.Should().Be(MachineStopReason.UnmappedAccess);
        using PcMachine restored = CountingGuest.Restore(CountingGuest.Save(machine));
        restored.Run(new MachineRunOptions()).Reason.Should().Be(MachineStopReason.Halted);
        GeneralRegisters registers = restored.Vcpu.GetRegisters();
        (registers.Rax & 0xFF, registers.Rbx).Should().Be((0xFF, 1));
    }

    [Fact]
    public void Restore_EntropyDeviceWithoutASource_SaysSo()
    {
        using var machine = new PcMachine(CountingGuest.Options() with { Deterministic = false, Devices = OptionalDevices.VirtioRng, Entropy = static bytes => bytes.Clear() });
        byte[] snapshot = CountingGuest.Save(machine);
        Action restore = () => CountingGuest.Restore(snapshot);
        restore.Should().Throw<SnapshotException>().WithMessage("*entropy*");
        CountingGuest.Restore(snapshot, new MachineHost { Entropy = static bytes => bytes.Clear() }).Dispose();
    }

    [Fact]
    public void Restore_NoSnapshot_SaysSo()
    {
        Action restore = () => CountingGuest.Restore(new byte[1000]);
        restore.Should().Throw<SnapshotException>().WithMessage("*no snapshot*");
    }

    [Fact]
    public void Restore_OtherVersion_SaysWhich()
    {
        using var machine = new PcMachine(CountingGuest.Options());
        byte[] snapshot = CountingGuest.Save(machine);
        snapshot[8] = 99;
        Action restore = () => CountingGuest.Restore(snapshot);
        restore.Should().Throw<SnapshotException>().WithMessage("*version 99*");
    }

    [Fact]
    public void Restore_DamagedAnywhere_IsRefusedWithoutLargeAllocations()
    {
        using var machine = new PcMachine(CountingGuest.Options());
        CountingGuest.Run(machine, 50_000);
        byte[] snapshot = CountingGuest.Save(machine);
        var random = new Random(1);
        for (int i = 0; i < 300; i++)
        {
            byte[] damaged = i % 2 == 0 ? snapshot[..random.Next(snapshot.Length)] : [.. snapshot];
            if (i % 2 != 0)
            {
                damaged[random.Next(damaged.Length)] ^= (byte)(1 << random.Next(8));
            }

            Action restore = () => CountingGuest.Restore(damaged).Dispose();
            long before = GC.GetAllocatedBytesForCurrentThread();
            restore.Should().Throw<SnapshotException>();
            (GC.GetAllocatedBytesForCurrentThread() - before).Should().BeLessThan(snapshot.Length + (1 << 20));
        }
    }

    // Whoever makes a file with a good checksum and bad contents gets no further either.
    [Fact]
    public void Restore_DamagedUnderAGoodChecksum_IsRefusedOrRestored()
    {
        using var machine = new PcMachine(CountingGuest.Options());
        CountingGuest.Run(machine, 50_000);
        byte[] snapshot = CountingGuest.Save(machine);
        var random = new Random(2);
        int refused = 0;
        for (int i = 0; i < 300; i++)
        {
            byte[] forged = [.. snapshot];
            forged[16 + random.Next(Math.Min(forged.Length - 60, 3000))] ^= (byte)(1 << random.Next(8));
            System.Security.Cryptography.SHA256.HashData(forged.AsSpan(..^32), forged.AsSpan(^32..));
            try
            {
                CountingGuest.Restore(forged).Dispose();
            }
            catch (Exception e) when (e is SnapshotException or ImageException or InsufficientMemoryException)
            {
                refused++;
            }
        }

        refused.Should().BePositive();
    }

    [Fact]
    public void Restore_HiddenBytesOfShadowAndVideoMemory_AreThere()
    {
        using var machine = new PcMachine(CountingGuest.Options());
        CountingGuest.Run(machine, 1000);
        using PcMachine restored = CountingGuest.Restore(CountingGuest.Save(machine));
        restored.Screen.ReadText().Should().BeEquivalentTo(machine.Screen.ReadText());
    }

    [Fact]
    public void Describe_ASnapshot_TellsTheMachine()
    {
        using var folder = new DiskFolder();
        using var machine = new PcMachine(CountingGuest.Options() with { Devices = OptionalDevices.VirtioConsole });
        machine.Save(folder.PathOf("a.snap"));
        SnapshotDescription.Read(folder.PathOf("a.snap")).Should().Be(new SnapshotDescription(1 << 20, CpuModel.Max, 1, OptionalDevices.VirtioConsole, true));
    }
}
