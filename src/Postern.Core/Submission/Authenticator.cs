using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Text;
using Postern.Core.Configuration;
using Postern.Protocols.Smtp;

namespace Postern.Core.Submission;

/// <summary>
/// Verifies AUTH secrets against the configured users, plain or hashed. Failures are answered slowly and limited per address; what costs much CPU
/// (a hash) runs on few threads at once and is remembered, under a key that dies with the process, so that a client pays for it once and not in each session.
/// Users are swapped whole by <see cref="Apply"/>. Thread safe.
/// </summary>
internal sealed class Authenticator : IDisposable
{
    private const int MaxRemembered = 10_000;

    private static readonly SmtpReply Succeeded = SmtpReply.Of(235, "2.7.0", "Authentication successful");
    private static readonly SmtpReply WrongSecret = SmtpReply.Of(535, "5.7.8", "Authentication failed: user name or password is wrong");
    private static readonly SmtpReply OtherIdentity = SmtpReply.Of(535, "5.7.8", "Authentication failed: an authorization identity other than the user is not supported");

    private readonly TimeProvider _time;
    private readonly AuthThrottle _throttle;
    private readonly byte[] _key = RandomNumberGenerator.GetBytes(32);
    private readonly SemaphoreSlim _hashing = new(Math.Max(1, Environment.ProcessorCount / 2));
    private readonly Lock _lock = new();
    private readonly HashSet<Tag> _verified = [];
    private volatile Users _users;

    private readonly record struct Tag(UInt128 High, UInt128 Low);

    private sealed record Users(FrozenDictionary<string, string> Secrets, string? Decoy, int MaxFailures);

    public Authenticator(PosternConfig config, TimeProvider time)
    {
        _time = time;
        _throttle = new AuthThrottle(time);
        _users = Compile(config);
    }

    public void Apply(PosternConfig config)
    {
        _users = Compile(config);
        // Hashes that are configured no more would only fill the table.
        lock (_lock) _verified.Clear();
    }

    /// <summary>One AUTH attempt. The reply comes late after a failure.</summary>
    public async ValueTask<AuthOutcome> VerifyAsync(SessionContext session, string authorizationId, string user, ReadOnlyMemory<byte> password, CancellationToken cancel)
    {
        var users = _users;
        var address = session.Remote.Address;
        if (!_throttle.TryBegin(address, users.MaxFailures))
        {
            return new AuthOutcome(null, SmtpReply.Of(421, "4.7.0", $"Too many failed AUTH attempts from {address}; try again in ten minutes"), Close: true);
        }
        bool settled = false;
        try
        {
            bool right = (authorizationId.Length == 0 || authorizationId == user) && await IsRightAsync(users, user, password, cancel).ConfigureAwait(false);
            settled = true;
            if (right)
            {
                _throttle.Succeeded(address);
                return new AuthOutcome(user, Succeeded);
            }
            var delay = _throttle.Failed(address);
            await Task.Delay(delay, _time, cancel).ConfigureAwait(false);
            return new AuthOutcome(null, authorizationId.Length == 0 || authorizationId == user ? WrongSecret : OtherIdentity);
        }
        finally
        {
            // Cancelled while hashing: an attempt whose answer was not awaited is still an attempt.
            if (!settled) _throttle.Failed(address);
        }
    }

    public void Dispose() => _hashing.Dispose();

    private async ValueTask<bool> IsRightAsync(Users users, string user, ReadOnlyMemory<byte> password, CancellationToken cancel)
    {
        bool known = users.Secrets.TryGetValue(user, out string? secret);
        if (known && !PasswordHash.IsHash(secret!)) return !PasswordHash.IsForeignHash(secret!) && SameText(secret!, password.Span);

        // An unknown user costs as much as a known one, so that time does not tell which names exist.
        string? hash = known ? secret : users.Decoy;
        if (hash is null) return false;
        var tag = TagOf(user, hash, password.Span);
        lock (_lock)
        {
            if (_verified.Contains(tag)) return known;
        }
        await _hashing.WaitAsync(cancel).ConfigureAwait(false);
        bool right;
        try
        {
            right = await Task.Run(() => PasswordHash.Verify(hash, password.Span), cancel).ConfigureAwait(false);
        }
        finally
        {
            _hashing.Release();
        }
        if (!right || !known) return false;
        lock (_lock)
        {
            if (_verified.Count >= MaxRemembered) _verified.Clear();
            _verified.Add(tag);
        }
        return true;
    }

    /// <summary>Both sides are reduced to keyed digests first: comparing digests of equal length says nothing of the secret's length.</summary>
    private bool SameText(string secret, ReadOnlySpan<byte> password)
    {
        Span<byte> left = stackalloc byte[32];
        Span<byte> right = stackalloc byte[32];
        HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes(secret), left);
        HMACSHA256.HashData(_key, password, right);
        return CryptographicOperations.FixedTimeEquals(left, right);
    }

    private Tag TagOf(string user, string hash, ReadOnlySpan<byte> password)
    {
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, _key);
        hmac.AppendData(Encoding.UTF8.GetBytes(user));
        hmac.AppendData([0]);
        hmac.AppendData(Encoding.UTF8.GetBytes(hash));
        hmac.AppendData([0]);
        hmac.AppendData(password);
        Span<byte> digest = stackalloc byte[32];
        hmac.GetHashAndReset(digest);
        return new Tag(System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(digest), System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(digest[16..]));
    }

    private static Users Compile(PosternConfig config)
    {
        var secrets = config.User.ToFrozenDictionary(u => u.Name, u => u.Password.Reveal(), StringComparer.Ordinal);
        return new Users(secrets, secrets.Values.FirstOrDefault(PasswordHash.IsHash), config.Limits.MaxAuthFailures);
    }
}
