using System.Globalization;
using Postern.Fuzz;

// Commands (fuzz.sh gives them):
//   list                                  names of the targets
//   instrument FILE...                    puts branch counters into assemblies, in place
//   short CORPUS SECONDS FAILURES         a round of every target, that long each
//   guided TARGET CORPUS SECONDS FAILURES KEEP   one target; inputs that reached something new are written to KEEP
//   keep TARGET FROM TO                   copies to TO the inputs of FROM that reach something new, the smallest first
//   afl TARGET                            one target under afl-fuzz
//   replay TARGET FILE...                 runs files and says what happens

// Instrumented code counts from its first instruction, so there must be somewhere to count before any target is touched.
GuidedFuzzer.GiveMap();
return args switch
{
    ["list"] => List(),
    ["instrument", .. var files] => Instrument(files),
    ["short", var corpus, var seconds, var failures] => Targets.All.Sum(t => Round(t, corpus, seconds, failures, null)) == 0 ? 0 : 1,
    ["guided", var name, var corpus, var seconds, var failures, var keep] => Round(Targets.Find(name), corpus, seconds, failures, keep),
    ["keep", var name, var from, var to] => Keep(Targets.Find(name), from, to),
    ["afl", var name] => Afl(Targets.Find(name)),
    ["replay", var name, .. var files] => Replay(Targets.Find(name), files),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("usage: Postern.Fuzz list | instrument FILE... | short CORPUS SECONDS FAILURES | guided TARGET CORPUS SECONDS FAILURES KEEP | keep TARGET FROM TO | afl TARGET | replay TARGET FILE...");
    return 2;
}

static int List()
{
    foreach (var target in Targets.All) Console.WriteLine(target.Name);
    return 0;
}

static int Instrument(string[] files)
{
    foreach (string file in files)
        Console.WriteLine($"{Path.GetFileName(file)}: {SharpFuzz.Fuzzer.Instrument(file, type => type.StartsWith("Postern.", StringComparison.Ordinal), SharpFuzz.Options.Value).Count()} types");
    return 0;
}

static int Round(FuzzTarget target, string corpus, string seconds, string failures, string? keep)
{
    string folder = Path.Combine(corpus, target.Name);
    byte[][] seeds = Directory.Exists(folder) ? [.. Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)] : [];
    FuzzResult result;
    using (var fuzzer = new GuidedFuzzer(target))
        result = fuzzer.Run(seeds, TimeSpan.FromSeconds(double.Parse(seconds, CultureInfo.InvariantCulture)), Environment.TickCount);
    if (keep is not null) Write(result.Found.Except(seeds), keep);
    if (result.Failure is null)
    {
        Console.WriteLine($"PASSED fuzz {target.Name}: {result.Inputs} inputs, {result.Found.Count} that matter, {seeds.Length} of them kept before");
        return 0;
    }
    Directory.CreateDirectory(failures);
    string path = Path.Combine(failures, $"{target.Name}-{GuidedFuzzer.NameOf(result.FailedInput)}");
    File.WriteAllBytes(path, result.FailedInput!);
    Console.WriteLine($"FAILED fuzz {target.Name} after {result.Inputs} inputs: {result.Failure}\n  input: {path}\n  base64: {Convert.ToBase64String(result.FailedInput!)}");
    return 1;
}

static int Keep(FuzzTarget target, string from, string to)
{
    byte[][] inputs = [.. Directory.EnumerateFiles(from).Select(File.ReadAllBytes).OrderBy(i => i.Length)];
    byte[][] kept = Directory.Exists(to) ? [.. Directory.EnumerateFiles(to).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)] : [];
    using var fuzzer = new GuidedFuzzer(target, branchesOnly: true);
    var result = fuzzer.Run([.. kept, .. inputs], TimeSpan.Zero, 0);
    int added = Write(result.Found.Except(kept), to);
    Console.WriteLine($"{added} of {inputs.Length} inputs join the {kept.Length} of the corpus{(result.Failure is null ? "" : $"; one breaks: {result.Failure}")}");
    return result.Failure is null ? 0 : 1;
}

static int Write(IEnumerable<byte[]> inputs, string folder)
{
    const int largest = 2048;
    Directory.CreateDirectory(folder);
    int written = 0;
    foreach (byte[] input in inputs.Where(i => i.Length <= largest))
    {
        File.WriteAllBytes(Path.Combine(folder, GuidedFuzzer.NameOf(input)), input);
        written++;
    }
    return written;
}

static int Afl(FuzzTarget target)
{
    SharpFuzz.Fuzzer.OutOfProcess.Run(stream =>
    {
        using var input = new MemoryStream();
        stream.CopyTo(input);
        target.Run(input.ToArray());
    });
    return 0;
}

static int Replay(FuzzTarget target, string[] files)
{
    int broken = 0;
    foreach (string file in files)
    {
        try
        {
            target.Run(File.ReadAllBytes(file));
        }
        catch (Exception e)
        {
            broken++;
            Console.WriteLine($"{file}: {(e is BrokenInvariantException ? e.Message : e.ToString())}");
        }
    }
    return broken == 0 ? 0 : 1;
}
