using KvmSharp.Apic;
using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Apic;

/// <summary>TPR, CR8, PPR, ISR and IRR: which vector is delivered when. Against the manual's rules, written once more.</summary>
public sealed class PriorityTests : ApicTests
{
    /// <summary>All task priority classes, all classes in service and all requested: 17 x 16 x 16 cases.</summary>
    [Fact]
    public void Delivery_EveryClass_FollowsTheModel()
    {
        VirtualCpu cpu = Machine().Cpu;
        LocalApic apic = ApicOf(cpu);
        for (int service = 0; service < 16; service++)
        {
            for (int request = 1; request < 16; request++)
            {
                for (int task = 0; task < 16; task++)
                {
                    for (int sub = 0; sub < 16; sub += 15)
                    {
                        apic.Reset();
                        Write(cpu, ApicRegister.SpuriousVector, Enabled);
                        if (service > 0)
                        {
                            apic.InService.Add((byte)((service << 4) | 3));
                        }

                        Write(cpu, ApicRegister.TaskPriority, (uint)((task << 4) | sub));
                        apic.Accept((byte)((request << 4) | 7), isLevel: false);

                        int priority = task >= service ? (task << 4) | sub : service << 4;
                        Read(cpu, ApicRegister.ProcessorPriority).Should().Be((uint)priority);
                        apic.HasDeliverable.Should().Be(request > priority >> 4, "task {0}, in service {1}, requested {2}", task, service, request);
                        cpu.GetSpecialRegisters().Cr8.Should().Be((ulong)task);
                    }
                }
            }
        }
    }

    /// <summary>Random storms of requests, acknowledgements, EOIs and priorities.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Storm_FollowsTheModel(int seed)
    {
        var random = new Random(seed);
        VirtualCpu cpu = Machine().Cpu;
        LocalApic apic = ApicOf(cpu);
        var requested = new SortedSet<byte>();
        var inService = new SortedSet<byte>();
        int task = 0;
        for (int step = 0; step < 20_000; step++)
        {
            int most = requested.Count > 0 ? requested.Max : 0;
            int priority = Math.Max(task >> 4, inService.Count > 0 ? inService.Max >> 4 : 0);
            switch (random.Next(4))
            {
                case 0:
                    byte vector = (byte)random.Next(16, 256);
                    apic.Accept(vector, isLevel: false);
                    requested.Add(vector);
                    break;
                case 1:
                    bool expected = most >> 4 > priority;
                    apic.TryAcknowledge(out byte taken).Should().Be(expected);
                    if (expected)
                    {
                        taken.Should().Be((byte)most);
                        requested.Remove(taken);
                        inService.Add(taken);
                    }

                    break;
                case 2:
                    apic.EndInterrupt();
                    inService.Remove(inService.Count > 0 ? inService.Max : (byte)0);
                    break;
                default:
                    task = random.Next(256);
                    Write(cpu, ApicRegister.TaskPriority, (uint)task);
                    break;
            }
        }

        Requests(cpu).Should().Equal(requested);
    }

    [Fact]
    public void Nesting_HigherClassInterruptsTheHandler_LowerWaitsForEoi()
    {
        TestMachine machine = Machine();
        machine.Load(TestMachine.Code, a =>
        {
            a.sti();
            a.hlt();
            a.hlt();
        });
        Handler(machine, 0x41, 1);
        Handler(machine, 0x52, 2);
        Handler(machine, 0x31, 3);
        machine.Ram.Write(TestMachine.Data, TestMachine.Data + 4);
        machine.Vm.MessageInterrupts.Send(0xFEE0_0000, 0x41);
        machine.Run(3); // STI, its shadow's HLT, the delivery
        machine.Vm.MessageInterrupts.Send(0xFEE0_0000, 0x31);
        machine.Vm.MessageInterrupts.Send(0xFEE0_0000, 0x52);
        machine.Run();
        byte[] order = new byte[6];
        machine.Ram.TryRead(TestMachine.Data + 4, order).Should().BeTrue();
        order.Should().Equal(1, 2, 0x82, 0x81, 3, 0x83);
    }

    [Fact]
    public void Cr8_Write_HoldsBackAndLetsThrough()
    {
        TestMachine machine = Machine();
        Handler(machine, 0x41, 1);
        machine.Ram.Write(TestMachine.Data, TestMachine.Data + 4);
        machine.SetSpecial(s => s with { Cr8 = 4 });
        Read(machine.Cpu, ApicRegister.TaskPriority).Should().Be(0x40);
        machine.Vm.MessageInterrupts.Send(0xFEE0_0000, 0x41);
        machine.Load(TestMachine.Code, a =>
        {
            a.sti();
            a.nop();
            a.nop();
            a.mov(__dword_ptr[0xFEE0_0080], 0x3F);
            a.mov(ebx, __dword_ptr[TestMachine.Data]);
            a.cli();
            a.hlt();
        });
        machine.Run(3);
        machine.Registers.Rip.Should().Be(TestMachine.Code + 3, "class 4 does not interrupt priority 4");
        machine.RunToHalt();
        machine.Registers.Rbx.Should().Be(TestMachine.Data + 6, "it came right behind the write to TPR");
        machine.Cpu.GetSpecialRegisters().Cr8.Should().Be(3);
    }

    // Writes its mark to the list whose end is at Data; then 80h + mark behind its end. Interrupts are on inside.
    private static void Handler(TestMachine machine, byte vector, byte mark) => machine.Handle(vector, a =>
    {
        a.push(edi);
        a.mov(edi, __dword_ptr[TestMachine.Data]);
        a.inc(__dword_ptr[TestMachine.Data]);
        a.mov(__byte_ptr[edi], mark);
        a.sti();
        a.nop();
        a.nop();
        a.cli();
        a.mov(edi, __dword_ptr[TestMachine.Data]);
        a.inc(__dword_ptr[TestMachine.Data]);
        a.mov(__byte_ptr[edi], mark | 0x80);
        a.mov(__dword_ptr[0xFEE0_00B0], 0);
        a.pop(edi);
        a.iretd();
    });
}
