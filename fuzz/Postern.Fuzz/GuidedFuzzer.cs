using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Trace = SharpFuzz.Common.Trace;

namespace Postern.Fuzz;

/// <param name="Inputs">How many were tried.</param>
/// <param name="Found">Inputs that reached something new, those of the corpus included.</param>
/// <param name="Failure">What broke, null when nothing did.</param>
internal sealed record FuzzResult(long Inputs, IReadOnlyList<byte[]> Found, byte[]? FailedInput, string? Failure);

/// <summary>
/// Coverage-guided fuzzing within one process, for short rounds: runs the corpus, then mutations of whatever reached a new branch. Where the code is not
/// instrumented it still runs the corpus and its mutations, unguided. Single-threaded; a watchdog ends the process when one input takes too long.
/// </summary>
internal sealed unsafe class GuidedFuzzer : IDisposable
{
    private const int MapBytes = 1 << 16;
    private static readonly TimeSpan LongestRun = TimeSpan.FromSeconds(10);
    private readonly FuzzTarget _target;
    private static byte* _map;
    private readonly byte[] _seen = new byte[MapBytes];
    private readonly Timer _watchdog;
    private readonly bool _branchesOnly;
    private byte[]? _running;
    private long _since;

    /// <param name="branchesOnly">True: how often a branch is hit does not count. For a corpus that stays small.</param>
    public GuidedFuzzer(FuzzTarget target, bool branchesOnly = false)
    {
        _target = target;
        _branchesOnly = branchesOnly;
        _watchdog = new Timer(_ => Watch(), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
    }

    /// <summary>Points the counters at memory of this process, which is never freed: instrumented code runs to the very end.</summary>
    public static void GiveMap() => Trace.SharedMem = _map = (byte*)NativeMemory.AllocZeroed(MapBytes);

    public FuzzResult Run(IReadOnlyList<byte[]> corpus, TimeSpan time, int seed)
    {
        var pool = new List<byte[]>();
        var mutator = new Mutator(seed, _target.Words);
        long inputs = 0;
        long end = Stopwatch.GetTimestamp() + (long)(time.TotalSeconds * Stopwatch.Frequency);
        IReadOnlyList<byte[]> seeds = corpus.Count > 0 ? corpus : [[]];
        while (inputs < seeds.Count || Stopwatch.GetTimestamp() < end)
        {
            byte[] input = inputs < seeds.Count ? seeds[(int)inputs] : mutator.Next(pool.Count > 0 ? pool : seeds);
            inputs++;
            if (Try(input) is { } failure) return new FuzzResult(inputs, pool, input, failure);
            if (IsNew()) pool.Add(input);
        }
        return new FuzzResult(inputs, pool, null, null);
    }

    private string? Try(byte[] input)
    {
        new Span<byte>(_map, MapBytes).Clear();
        Trace.PrevLocation = 0;
        Volatile.Write(ref _since, Stopwatch.GetTimestamp());
        _running = input;
        try
        {
            _target.Run(input);
            return null;
        }
        catch (Exception e)
        {
            return e is BrokenInvariantException ? e.Message : e.ToString();
        }
        finally
        {
            _running = null;
        }
    }

    /// <summary>True when this run hit a branch, or hit one about twice as often, as never before.</summary>
    private bool IsNew()
    {
        bool isNew = false;
        var words = new ReadOnlySpan<ulong>(_map, MapBytes / 8);
        for (int w = 0; w < words.Length; w++)
        {
            if (words[w] == 0) continue;
            for (int i = w * 8; i < w * 8 + 8; i++)
            {
                byte bucket = _branchesOnly ? (byte)1 : (byte)(1 << Math.Min(7, 32 - int.LeadingZeroCount(_map[i]) - 1));
                if (_map[i] == 0 || (_seen[i] & bucket) != 0) continue;
                _seen[i] |= bucket;
                isNew = true;
            }
        }
        return isNew;
    }

    private void Watch()
    {
        if (_running is not { } input || Stopwatch.GetElapsedTime(Volatile.Read(ref _since)) < LongestRun) return;
        Console.WriteLine($"FAILED fuzz {_target.Name}: no end after {LongestRun.TotalSeconds:0} s; input {Convert.ToBase64String(input)}");
        Environment.Exit(1);
    }

    /// <summary>A file name that says nothing but which bytes it has.</summary>
    public static string NameOf(ReadOnlySpan<byte> input) => Convert.ToHexStringLower(SHA256.HashData(input).AsSpan(0, 8));

    public void Dispose() => _watchdog.Dispose();
}
