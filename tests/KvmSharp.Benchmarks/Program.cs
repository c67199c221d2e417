using BenchmarkDotNet.Running;

BenchmarkSwitcher.FromAssembly(typeof(KvmSharp.Benchmarks.SieveBenchmark).Assembly).Run(args);
