using System.Collections.Frozen;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Postern.Api;
using Postern.Core.Configuration;
using Postern.Core.Submission;

namespace Postern.Access;

/// <summary>What became of a token.</summary>
/// <param name="Caller">Null when it is wrong.</param>
/// <param name="IsThrottled">It was not looked at: too many wrong ones came from there.</param>
internal readonly record struct TokenVerdict(Caller? Caller, bool IsThrottled);

/// <summary>
/// The configured tokens, plain or hashed. Comparisons take the same time whatever differs; an address has so many wrong tokens in ten minutes and is not heard after that, but for
/// tokens that were right from there before, so that one broken script does not lock out its neighbours. Hashes that cost much run on few threads and are remembered under a key
/// that dies with the process. Tokens are swapped whole by <see cref="Apply"/>. Thread safe.
/// </summary>
internal sealed class TokenBook : IDisposable
{
    /// <summary>Longest token that is looked at, in bytes.</summary>
    internal const int LongestToken = 512;

    private const int MaxRemembered = 10_000;

    private readonly AuthThrottle _throttle;
    private readonly byte[] _key = RandomNumberGenerator.GetBytes(32);
    private readonly SemaphoreSlim _hashing = new(Math.Max(1, Environment.ProcessorCount / 2));
    private readonly Lock _lock = new();
    private readonly HashSet<(string Tag, IPAddress From)> _known = [];
    private readonly Dictionary<string, Entry> _verified = new(StringComparer.Ordinal);
    private volatile Book _book = new([], 0);

    private sealed record Entry(string Name, ApiRole Role, string Secret, string? Tag)
    {
        public Caller Caller { get; } = new(Name, Role, "token") { Mark = Fingerprint(Name, Secret) };
    }

    private sealed record Book(IReadOnlyList<Entry> Entries, int MaxFailures)
    {
        public FrozenDictionary<string, Entry> ByName { get; } = Entries.ToFrozenDictionary(e => e.Name, StringComparer.OrdinalIgnoreCase);
    }

    public TokenBook(AccessRules rules, TimeProvider time)
    {
        _throttle = new AuthThrottle(time);
        Apply(rules);
    }

    public void Apply(AccessRules rules)
    {
        _book = new Book([.. rules.Http.Token.Select(Read)], rules.MaxFailures);
        lock (_lock)
        {
            _verified.Clear();
            _known.Clear();
        }
    }

    /// <param name="token">As it came.</param>
    public async ValueTask<TokenVerdict> VerifyAsync(string token, IPAddress from, CancellationToken cancel)
    {
        if (Encoding.UTF8.GetByteCount(token) is 0 or > LongestToken) return default;
        var book = _book;
        string tag = TagOf(token);
        lock (_lock)
        {
            if (_known.Contains((tag, from)) && FindNeedsLock(book, tag) is { } again) return new TokenVerdict(again.Caller, false);
        }
        if (!_throttle.TryBegin(from, book.MaxFailures)) return new TokenVerdict(null, true);
        Entry? found = null;
        try
        {
            found = await FindAsync(book, token, tag, cancel);
            return new TokenVerdict(found?.Caller, false);
        }
        finally
        {
            // Exactly one of both has to follow, also when the client went away while a hash was computed: not having waited must not buy a guess.
            if (found is null) _ = _throttle.Failed(from);
            else Remember(found, tag, from);
        }
    }

    /// <summary>The token of a session, by its <see cref="Caller.Mark"/>; null when it is not configured any more.</summary>
    public Caller? Again(string name, string fingerprint) =>
        _book.ByName.TryGetValue(name, out var entry) && CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(entry.Caller.Mark!), Encoding.ASCII.GetBytes(fingerprint)) ? entry.Caller : null;

    public void Dispose() => _hashing.Dispose();

    private Entry Read(HttpTokenConfig token)
    {
        string secret = token.Token.Reveal();
        return new Entry(token.Name, Role(token.Role), secret, PasswordHash.IsHash(secret) ? null : TagOf(secret));
    }

    private static ApiRole Role(HttpRole role) => role switch
    {
        HttpRole.Admin => ApiRole.Admin,
        HttpRole.Operate => ApiRole.Operate,
        HttpRole.Send => ApiRole.Send,
        _ => ApiRole.Read,
    };

    private async ValueTask<Entry?> FindAsync(Book book, string token, string tag, CancellationToken cancel)
    {
        lock (_lock)
        {
            if (FindNeedsLock(book, tag) is { } known) return known;
        }
        foreach (var entry in book.Entries.Where(e => e.Tag is null))
        {
            await _hashing.WaitAsync(cancel);
            try
            {
                if (await Task.Run(() => PasswordHash.Verify(entry.Secret, Encoding.UTF8.GetBytes(token)), cancel)) return entry;
            }
            finally
            {
                _hashing.Release();
            }
        }
        return null;
    }

    /// <summary>Plain ones, and hashes that were right before. All are compared, as keyed digests of equal length.</summary>
    private Entry? FindNeedsLock(Book book, string tag)
    {
        byte[] given = Encoding.ASCII.GetBytes(tag);
        Entry? found = null;
        foreach (var entry in book.Entries)
            if (entry.Tag is not null && CryptographicOperations.FixedTimeEquals(given, Encoding.ASCII.GetBytes(entry.Tag))) found = entry;
        return found ?? (_verified.TryGetValue(tag, out var verified) && book.Entries.Contains(verified) ? verified : null);
    }

    private void Remember(Entry entry, string tag, IPAddress from)
    {
        _throttle.Succeeded(from);
        lock (_lock)
        {
            if (_known.Count >= MaxRemembered) _known.Clear();
            _known.Add((tag, from));
            if (entry.Tag is not null) return;
            if (_verified.Count >= MaxRemembered) _verified.Clear();
            _verified[tag] = entry;
        }
    }

    private string TagOf(string token) => Convert.ToHexString(HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes(token)));

    /// <summary>Stable over restarts; the configured text is a long token or a salted hash, so that nobody finds it from this.</summary>
    private static string Fingerprint(string name, string secret) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes($"postern session {name}\n{secret}")).AsSpan(0, 16));
}
