using System.Security.Cryptography.X509Certificates;

namespace Postern.Lab.Peers;

/// <summary>Where in a transaction a sink can be told to misbehave.</summary>
public enum SinkStage : byte { Connect, Helo, StartTls, Auth, Mail, Rcpt, Data, Body, EndOfData, Rset, Quit }

/// <summary>What it does then.</summary>
public enum SinkFault : byte
{
    Reply,      // says the reply given instead of the usual one
    Close,      // closes the connection without a word
    Reset,      // resets it
    Hang,       // says nothing more until the client goes away
    Delay,      // waits, then goes on as usual
}

/// <summary>One misbehaviour. Absent conditions match all.</summary>
/// <param name="Reply">For <see cref="SinkFault.Reply"/>: the whole reply without the last CRLF, for example "550 5.1.1 no such user".</param>
/// <param name="Address">Only for this sender (at Mail) or recipient (at Rcpt); at the later stages, for a transaction with this sender or one of its recipients.</param>
/// <param name="Connection">Only on the n-th connection, from 1.</param>
/// <param name="Times">How often, then never again; null for always.</param>
public sealed record SinkRule(SinkStage Stage, SinkFault Fault, string? Reply = null, string? Address = null, int? Connection = null, int? Times = null, TimeSpan Delay = default)
{
    private int _used;

    /// <summary>Only when this is true of the client: "more than three connections open". Null for always.</summary>
    public Func<SinkVisit, bool>? When { get; init; }

    /// <summary>True when the rule applies and is not used up; counts the use.</summary>
    internal bool TryUse(SinkStage stage, SinkVisit visit, string? sender, IReadOnlyList<string> recipients)
    {
        if (stage != Stage || (Connection is { } n && n != visit.Number)) return false;
        if (When is not null && !When(visit)) return false;
        if (Address is not null && !Matches(stage, sender, recipients)) return false;
        return Times is not { } times || Interlocked.Increment(ref _used) <= times;
    }

    private bool Matches(SinkStage stage, string? sender, IReadOnlyList<string> recipients) => stage switch
    {
        SinkStage.Mail => Same(sender),
        SinkStage.Rcpt => Same(recipients[^1]),
        _ => Same(sender) || recipients.Any(Same),
    };

    private bool Same(string? address) => string.Equals(address, Address, StringComparison.OrdinalIgnoreCase);
}

/// <summary>What a sink is like. Fixed for its life; the faults come and go through the sink itself.</summary>
public sealed record SinkSettings
{
    public string Hostname { get; init; } = "sink.test";

    /// <summary>EHLO keywords, without STARTTLS and AUTH (which follow from the settings below).</summary>
    public IReadOnlyList<string> Extensions { get; init; } = ["PIPELINING", "SIZE 104857600", "8BITMIME", "SMTPUTF8", "DSN", "ENHANCEDSTATUSCODES", "CHUNKING"];

    /// <summary>False: EHLO is answered 502, only HELO is known.</summary>
    public bool KnowsEhlo { get; init; } = true;

    /// <summary>Not null offers STARTTLS, or with <see cref="ImplicitTls"/> begins with the handshake.</summary>
    public X509Certificate2? Certificate { get; init; }
    public bool ImplicitTls { get; init; }

    /// <summary>Not empty offers AUTH and asks for it before MAIL.</summary>
    public IReadOnlyDictionary<string, string> Users { get; init; } = new Dictionary<string, string>();
    public IReadOnlyList<string> AuthMechanisms { get; init; } = ["PLAIN", "LOGIN", "CRAM-MD5"];

    /// <summary>False keeps lengths and hashes of the bodies but not their bytes, for load.</summary>
    public bool KeepBodies { get; init; } = true;
}

/// <summary>One message as the sink took it.</summary>
/// <param name="MailParameters">What followed the path in MAIL, as it stood ("SIZE=12 BODY=8BITMIME"); empty when nothing did.</param>
/// <param name="Recipients">Accepted ones, in order, as they stood in the angle brackets.</param>
/// <param name="RecipientParameters">What followed each path in RCPT.</param>
/// <param name="Body">The exact bytes, dot-unstuffed, with CRLF; empty when bodies are not kept.</param>
/// <param name="Sha256">Of the body, in hexadecimal, lower case.</param>
/// <param name="BareNewlines">CR or LF that stood alone in it.</param>
/// <param name="Connection">Which connection brought it, from 1, and as the how-manieth message of that connection.</param>
public sealed record SinkMessage(
    string From,
    string MailParameters,
    IReadOnlyList<string> Recipients,
    IReadOnlyList<string> RecipientParameters,
    ReadOnlyMemory<byte> Body,
    long Length,
    string Sha256,
    int BareNewlines,
    int Connection,
    int NumberInConnection,
    bool OverTls,
    string? User,
    bool Chunked,
    DateTimeOffset At)
{
    /// <summary>The body as text, one character for each byte.</summary>
    public string Text => System.Text.Encoding.Latin1.GetString(Body.Span);
}
