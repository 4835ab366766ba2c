using System.Globalization;
using Postern.Benchmarks.Loop;
using Postern.Benchmarks.Micro;
using Postern.Benchmarks.Relay;
using Postern.Benchmarks.Store;

// As the product does, before the first socket: see src/Postern/Program.cs.
Environment.SetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1");

// bench/run.sh gives these; the last four are steps that "waiting" and "relay" start as processes of their own.
return args switch
{
    ["micro", var filter, var artifacts] => BenchmarkRun.Run(filter, artifacts),
    ["store", var folder] => await StoreBenchmark.RunAsync(folder),
    ["waiting", var folder, var messages, var bytes] => await WaitingBenchmark.RunAsync(folder, Number(messages), (int)Number(bytes)),
    ["search", var folder, var messages] => await SearchBenchmark.RunAsync(folder, Number(messages)),
    ["relay", var program, var folder, var messages, var bytes] => await RelayBenchmark.RunAsync(program, folder, Number(messages), (int)Number(bytes)),
    ["blackhole", var program, var folder, var messages] => await BlackHoleBenchmark.RunAsync(program, folder, (int)Number(messages)),
    ["loop", var program, var results, .. var cases] => await LoopBenchmark.RunAsync(program, results, cases),
    ["fill", var folder, var messages, var bytes, var destinations] => await WaitingSteps.FillAsync(folder, Number(messages), (int)Number(bytes), (int)Number(destinations)),
    ["open", var folder, var messages] => await WaitingSteps.OpenOnlyAsync(folder, Number(messages)),
    ["load", var folder, var bytes, var destinations] => await WaitingSteps.LoadAsync(folder, (int)Number(bytes), (int)Number(destinations)),
    ["drain", var folder] => await WaitingSteps.DrainAsync(folder),
    _ => Usage(),
};

static long Number(string text) => long.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);

static int Usage()
{
    Console.Error.WriteLine("usage: Postern.Benchmarks micro FILTER ARTIFACTS | store FOLDER | waiting FOLDER MESSAGES BYTES | search FOLDER MESSAGES | relay POSTERN FOLDER MESSAGES BYTES | blackhole POSTERN FOLDER MESSAGES | loop POSTERN RESULTS [CASE…] [--minutes N] [--relays A,B] [--only CELL]   (see bench/run.sh)");
    return 2;
}
