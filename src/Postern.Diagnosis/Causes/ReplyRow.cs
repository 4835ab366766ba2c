using Postern.Protocols.Smtp;

namespace Postern.Diagnosis.Causes;

/// <summary>A phase of the dialogue, as rows name it: what happens at connect says other things than what happens at RCPT.</summary>
[Flags]
internal enum ReplyStages : byte { None = 0, Connect = 1, Helo = 2, Tls = 4, Auth = 8, Mail = 16, Rcpt = 32, Data = 64 }

/// <summary>How certain a row is by its kind.</summary>
internal enum ReplyLayer : byte { Provider, Server, Phrase, Enhanced, Basic }

/// <summary>One row of knowledge/replies.toml.</summary>
internal sealed record ReplyRow
{
    public required string Id { get; init; }
    public required ReplyLayer Layer { get; init; }
    public required ReplyLabel Label { get; init; }
    public required double Weight { get; init; }

    /// <summary>What it adds to, or takes from, other labels.</summary>
    public (ReplyLabel Label, double Weight)[] Also { get; init; } = [];

    /// <summary>Named when it differs from what the label speaks for.</summary>
    public CauseId? Cause { get; init; }

    /// <summary>Groups of words; one of each must be there.</summary>
    public string[][] Groups { get; init; } = [];
    public bool Ordered { get; init; }
    public int Within { get; init; } = 60;

    /// <summary>Words that must not be there.</summary>
    public string[] Not { get; init; } = [];

    /// <summary>Beginnings of the basic code; "-" is none. Empty: any.</summary>
    public string[] Codes { get; init; } = [];
    public EnhancedRange[] Enhanced { get; init; } = [];
    public ReplyStages Stages { get; init; }
    public string[] Providers { get; init; } = [];
    public required string Source { get; init; }
    public required string Example { get; init; }
    public ClientStage? ExampleStage { get; init; }

    /// <summary>Whether all but its words agrees.</summary>
    public bool Allows(ReplyCodes codes, ReplyStages stage, string? provider) =>
        (Stages == ReplyStages.None || (Stages & stage) != 0) && (Providers.Length == 0 || (provider is not null && Providers.Contains(provider))) &&
        (Codes.Length == 0 || HasCode(codes.Code)) && (Enhanced.Length == 0 || HasEnhanced(codes.Enhanced));

    private bool HasCode(int code)
    {
        foreach (string prefix in Codes)
        {
            if (code == 0 ? prefix == "-" : prefix != "-" && Begins(code, prefix)) return true;
        }
        return false;
    }

    private static bool Begins(int code, string prefix)
    {
        Span<char> digits = [(char)('0' + code / 100), (char)('0' + code / 10 % 10), (char)('0' + code % 10)];
        return digits.StartsWith(prefix);
    }

    private bool HasEnhanced(EnhancedStatusCode? code)
    {
        if (code is not { } c) return false;
        foreach (var range in Enhanced)
            if (range.Has(c)) return true;
        return false;
    }
}

/// <summary>"5.1.1", "x.7.1", "4.7." (any detail) or "5.7.606-649".</summary>
internal readonly record struct EnhancedRange(byte Class, short Subject, short First, short Last)
{
    public bool Has(EnhancedStatusCode code) =>
        (Class == 0 || Class == code.Class) && Subject == code.Subject && code.Detail >= First && code.Detail <= Last;

    public static bool TryParse(string text, out EnhancedRange range)
    {
        range = default;
        string[] parts = text.Split('.');
        if (parts.Length != 3 || parts[0] is not ("x" or "4" or "5") || !TryNumber(parts[1], out short subject)) return false;
        byte of = parts[0] == "x" ? (byte)0 : (byte)(parts[0][0] - '0');
        if (parts[2].Length == 0)
        {
            range = new EnhancedRange(of, subject, 0, 999);
            return true;
        }
        string[] ends = parts[2].Split('-');
        if (ends.Length > 2 || !TryNumber(ends[0], out short first) || !TryNumber(ends[^1], out short last) || last < first) return false;
        range = new EnhancedRange(of, subject, first, last);
        return true;
    }

    private static bool TryNumber(string text, out short number) =>
        short.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out number) && number <= 999;
}
