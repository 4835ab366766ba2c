using Postern.Protocols.Smtp;

namespace Postern.Diagnosis.Causes;

/// <summary>
/// Says what a reply means. Rows of knowledge/replies.toml that match add their weights to labels: codes that a provider documents weigh most, then texts of
/// stock servers, phrases, enhanced codes and basic codes. Stems of knowledge/reply-stems.toml add theirs, so that a wording that no row knows is read too. Pure; time is bounded whatever the text is.
/// </summary>
public sealed class ReplyClassifier
{
    /// <summary>Characters that are looked at. The longest documented replies have some 700.</summary>
    public const int MaxLength = 2000;

    private static readonly Lazy<ReplyClassifier> Embedded = new(() => new ReplyClassifier(ReplyRows.Default, ReplyStems.Default));
    private readonly ReplyRows _rows;
    private readonly ReplyStems _stems;
    private readonly ReplyIndex _index;

    internal ReplyClassifier(ReplyRows rows, ReplyStems stems) => (_rows, _stems, _index) = (rows, stems, new ReplyIndex(rows));

    /// <summary>With the rows and stems of this build.</summary>
    public static ReplyClassifier Default => Embedded.Value;

    public ReplyReading Read(ReplyInput input)
    {
        string text = input.Text.Length > MaxLength ? input.Text[..MaxLength] : input.Text;
        var codes = ReplyCodes.Read(text);
        string plain = ReplyPlainText.Of(codes.Body);
        var found = _index.Find(plain);
        string? provider = ProviderOf(input.Peer) ?? found.Provider;
        var matched = Matching(found, codes, StagesOf(input.Stage), provider);
        var scores = new ReplyScores(matched, _stems.Find(plain), plain);
        return new ReplyReading
        {
            Label = scores.Best,
            Cause = scores.Decisive?.Cause ?? ReplyLabels.CauseOf(scores.Best),
            Confidence = scores.Confidence(scores.Best),
            Pattern = scores.Decisive?.Id,
            RunnerUp = scores.RunnerUp,
            RunnerUpConfidence = scores.RunnerUp is { } second ? scores.Confidence(second) : 0,
            Matched = [.. matched.Select(r => r.Id)],
            Stems = [.. scores.Stems.Select(s => s.Text)],
            Provider = provider,
            Code = codes.Code,
            Enhanced = codes.Enhanced,
            Values = ReplyExtractor.Read(codes.Body, plain, scores.Best, found.List),
        };
    }

    /// <summary>In the order of the file.</summary>
    private List<ReplyRow> Matching(ReplyFindings found, ReplyCodes codes, ReplyStages stage, string? provider)
    {
        var candidates = found.Complete;
        candidates.AddRange(_index.Wordless);
        candidates.Sort();
        var matched = new List<ReplyRow>();
        foreach (int at in candidates)
        {
            var row = _rows.Rows[at];
            if (row.Allows(codes, stage, provider) && !found.IsRefuted(at) && found.IsTogether(at)) matched.Add(row);
        }
        return matched;
    }

    /// <summary>By the end of a host name in it.</summary>
    private string? ProviderOf(string? peer)
    {
        if (string.IsNullOrEmpty(peer)) return null;
        foreach (var provider in _rows.Providers)
            if (provider.Hosts.Any(host => EndsAName(peer, host))) return provider.Id;
        return null;
    }

    private static bool EndsAName(string text, string host)
    {
        for (int at = text.IndexOf(host, StringComparison.OrdinalIgnoreCase); at >= 0; at = text.IndexOf(host, at + 1, StringComparison.OrdinalIgnoreCase))
        {
            var after = text.AsSpan(at + host.Length).TrimStart('.');
            if ((at == 0 || !IsOfName(text[at - 1])) && (after.IsEmpty || !IsOfName(after[0]))) return true;
        }
        return false;
    }

    private static bool IsOfName(char c) => char.IsLetterOrDigit(c) || c is '-' or '_';

    private static ReplyStages StagesOf(ClientStage? stage) => stage switch
    {
        ClientStage.Connect or ClientStage.Greeting => ReplyStages.Connect,
        ClientStage.Ehlo => ReplyStages.Helo,
        ClientStage.StartTls or ClientStage.TlsHandshake => ReplyStages.Tls,
        ClientStage.Auth => ReplyStages.Auth,
        ClientStage.Mail => ReplyStages.Mail,
        ClientStage.Rcpt => ReplyStages.Rcpt,
        ClientStage.Data or ClientStage.Body or ClientStage.EndOfData => ReplyStages.Data,
        _ => ReplyStages.None,
    };

    internal static ClientStage? StageOf(ReplyStages stage) => stage switch
    {
        ReplyStages.Connect => ClientStage.Greeting,
        ReplyStages.Helo => ClientStage.Ehlo,
        ReplyStages.Tls => ClientStage.StartTls,
        ReplyStages.Auth => ClientStage.Auth,
        ReplyStages.Mail => ClientStage.Mail,
        ReplyStages.Rcpt => ClientStage.Rcpt,
        ReplyStages.Data => ClientStage.EndOfData,
        _ => null,
    };
}
