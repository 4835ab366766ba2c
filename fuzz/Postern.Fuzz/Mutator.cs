using System.Text;

namespace Postern.Fuzz;

/// <summary>Makes new inputs from old ones: flips, cuts, copies, splices, words of the grammar. The same seed gives the same inputs.</summary>
internal sealed class Mutator(int seed, IReadOnlyList<string> words)
{
    private const int MaxBytes = 16 << 10;
    private static readonly byte[] Interesting = [0, 1, 9, 10, 13, 32, 34, 37, 43, 45, 46, 48, 57, 58, 60, 61, 62, 64, 91, 92, 93, 127, 128, 191, 194, 226, 240, 255];
    private readonly Random _random = new(seed);
    private readonly byte[][] _words = [.. words.Select(w => Encoding.Latin1.GetBytes(w)), "\r\n"u8.ToArray(), "\r\n.\r\n"u8.ToArray()];

    public byte[] Next(IReadOnlyList<byte[]> pool)
    {
        List<byte> input = [.. pool[_random.Next(pool.Count)]];
        for (int changes = 1 << _random.Next(5); changes > 0; changes--) Change(input, pool);
        if (input.Count > MaxBytes) input.RemoveRange(MaxBytes, input.Count - MaxBytes);
        return [.. input];
    }

    private void Change(List<byte> input, IReadOnlyList<byte[]> pool)
    {
        int at = _random.Next(input.Count + 1);
        switch (_random.Next(9))
        {
            case 0 when at < input.Count:
                input[at] ^= (byte)(1 << _random.Next(8));
                break;
            case 1 when at < input.Count:
                input[at] = Interesting[_random.Next(Interesting.Length)];
                break;
            case 2:
                input.Insert(at, (byte)_random.Next(256));
                break;
            case 3 when at < input.Count:
                input.RemoveRange(at, Math.Min(input.Count - at, 1 + _random.Next(16)));
                break;
            case 4 when at < input.Count:
                var piece = input.GetRange(at, Math.Min(input.Count - at, 1 + _random.Next(32)));
                input.InsertRange(_random.Next(input.Count + 1), piece);
                break;
            case 5 when at < input.Count:
                input.InsertRange(at, Enumerable.Repeat(input[at], 1 << _random.Next(10)));
                break;
            case 6:
                byte[] other = pool[_random.Next(pool.Count)];
                int from = _random.Next(other.Length + 1);
                input.RemoveRange(at, input.Count - at);
                input.AddRange(other.AsSpan(from));
                break;
            default:
                input.InsertRange(at, _words[_random.Next(_words.Length)]);
                break;
        }
    }
}
