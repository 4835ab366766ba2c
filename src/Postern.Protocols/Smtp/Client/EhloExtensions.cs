using System.Globalization;

namespace Postern.Protocols.Smtp;

/// <summary>What a peer's EHLO reply offers; keywords without case (RFC 5321 section 4.1.1.1). After HELO nothing is offered.</summary>
public sealed record EhloExtensions
{
    public static readonly EhloExtensions None = new();

    public bool Pipelining { get; init; }
    public bool EightBitMime { get; init; }
    public bool SmtpUtf8 { get; init; }
    public bool Chunking { get; init; }
    public bool BinaryMime { get; init; }
    public bool Dsn { get; init; }
    public bool StartTls { get; init; }

    /// <summary>MT-PRIORITY (RFC 6710), whatever the policy it names.</summary>
    public bool MtPriority { get; init; }

    /// <summary>True when SIZE is offered, with or without a number.</summary>
    public bool HasSize { get; init; }

    /// <summary>Largest message the peer takes in bytes; null when it names none (RFC 1870: absent or 0).</summary>
    public long? Size { get; init; }

    /// <summary>SASL mechanisms, upper case.</summary>
    public IReadOnlyList<string> AuthMechanisms { get; init; } = [];

    /// <summary>LIMITS RCPTMAX and MAILMAX (RFC 9422); null when not given.</summary>
    public int? MaxRecipients { get; init; }
    public int? MaxTransactions { get; init; }

    /// <param name="reply">A positive reply to EHLO; its first line is the peer's name.</param>
    public static EhloExtensions Parse(SmtpReply reply)
    {
        var offered = None;
        for (int i = 1; i < reply.Lines.Count; i++) offered = offered.With(reply.Lines[i]);
        return offered;
    }

    private EhloExtensions With(string line)
    {
        // Old servers write AUTH=LOGIN for clients that did not know the keyword form.
        var words = line.Replace('=', ' ').Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length == 0) return this;
        return words[0].ToUpperInvariant() switch
        {
            "PIPELINING" => this with { Pipelining = true },
            "8BITMIME" => this with { EightBitMime = true },
            "SMTPUTF8" => this with { SmtpUtf8 = true },
            "CHUNKING" => this with { Chunking = true },
            "BINARYMIME" => this with { BinaryMime = true },
            "DSN" => this with { Dsn = true },
            "MT-PRIORITY" => this with { MtPriority = true },
            "STARTTLS" => this with { StartTls = true },
            "SIZE" => this with { HasSize = true, Size = words.Length > 1 && long.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out long size) && size > 0 ? size : null },
            "AUTH" => this with { AuthMechanisms = [.. AuthMechanisms.Concat(words.Skip(1).Select(w => w.ToUpperInvariant())).Distinct()] },
            "LIMITS" => this with { MaxRecipients = Limit(line, "RCPTMAX") ?? MaxRecipients, MaxTransactions = Limit(line, "MAILMAX") ?? MaxTransactions },
            _ => this,
        };
    }

    private static int? Limit(string line, string name)
    {
        foreach (string word in line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (word.StartsWith(name + "=", StringComparison.OrdinalIgnoreCase) &&
                int.TryParse(word.AsSpan(name.Length + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value > 0)
                return value;
        }

        return null;
    }
}
