using System.Security.Cryptography;

namespace Postern.Lab.Peers;

/// <summary>Collects one message's bytes, their hash, and counts CR and LF that stand alone.</summary>
internal sealed class SinkBody(bool keep)
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly MemoryStream? _kept = keep ? new MemoryStream() : null;
    private byte _last = (byte)'\n';
    private byte _beforeLast = (byte)'\r';

    public long Length { get; private set; }
    public int BareNewlines { get; private set; }

    /// <summary>True at the beginning and after CRLF; after a lone LF it is not.</summary>
    public bool AtLineStart => _last == '\n' && _beforeLast == '\r';

    public ReadOnlyMemory<byte> Bytes => _kept?.ToArray() ?? [];

    public void Write(ReadOnlySpan<byte> bytes)
    {
        _hash.AppendData(bytes);
        _kept?.Write(bytes);
        Length += bytes.Length;
        foreach (byte b in bytes)
        {
            if (b == '\n' && _last != '\r') BareNewlines++;
            if (_last == '\r' && b != '\n') BareNewlines++;
            (_beforeLast, _last) = (_last, b);
        }
    }

    public string Sha256() => Convert.ToHexStringLower(_hash.GetHashAndReset());
}
