// Lab ${lab}: ${title}. Student: ${student}.
// Run it with `dotnet run lab.cs`, or with another guest: `dotnet run lab.cs guests/echo.bin`.
using KvmSharp;

const ulong Base = ${base};         // where the guest is loaded and begins
const ushort ConsolePort = ${port};  // what the guest writes here is printed
const ushort AskPort = ${ask};       // what the guest reads here is ${key}, then one more each time
const byte FirstAnswer = ${key};

byte[] guest = File.ReadAllBytes(args.Length > 0 ? args[0] : "guests/greeting.bin");

// Step 1: open the hypervisor and create a machine.
using var kvm = Kvm.Open();
using var vm = kvm.CreateVm();

// Step 2: give it one slot of memory, 64 KiB from address 0, and copy the guest to Base.

// Step 3: create vCPU 0, in real mode, with CS of base 0 and RIP at Base.

// Step 4: run it, look at each exit, and go on:
//   a byte written to ConsolePort is printed,
//   a byte read from AskPort is answered,
//   HLT ends the program with status 0,
//   a shutdown ends it with status 3.
throw new NotImplementedException("Steps 2 to 4 are yours.");
