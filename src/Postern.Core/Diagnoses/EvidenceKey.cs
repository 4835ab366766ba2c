using System.Text;
using Postern.Core.Decisions;
using Postern.Diagnosis.Evidence;
using Postern.Protocols.Smtp;

namespace Postern.Core.Diagnoses;

/// <summary>What must be equal for two failures to have the same explanation.</summary>
/// <param name="Version">Of what probes found.</param>
internal readonly record struct EvidenceKey(string Upstream, string Target, string? Egress, ClientStage Stage, FailureKind Kind, string Words, string? Tls, string? Sender, string? Recipient, int Version)
{
    /// <param name="recipient">Of a failure that concerns one recipient: another's has another text.</param>
    public static EvidenceKey Of(AttemptEvidence evidence, StageFailure failure, string? recipient, int version)
    {
        string words = failure.Reply?.ToString() ?? failure.Detail;
        bool isHost = FailureScopes.Of(failure) == FailureScope.Host;
        return new EvidenceKey(evidence.Upstream, evidence.Target, evidence.Egress, failure.Stage, failure.Kind, isHost ? WithoutIds(words) : words, evidence.Tls?.Problem, isHost ? null : AttemptFacts.SenderOf(evidence), isHost ? null : recipient, version);
    }

    /// <summary>
    /// Session ids, times and counters make every reply of a busy host different ("… a640c23a62f3a-b7f12 gsmtp"), which would cost a diagnosis each: words of eight
    /// characters or more that hold a digit, and numbers of four or more, are left out. Addresses stay.
    /// </summary>
    internal static string WithoutIds(string text)
    {
        StringBuilder? kept = null;
        int from = 0;
        for (int i = 0; i < text.Length;)
        {
            int end = i;
            int digits = 0;
            bool isAddress = false;
            while (end < text.Length && !char.IsWhiteSpace(text[end]))
            {
                if (char.IsAsciiDigit(text[end])) digits++;
                isAddress |= text[end] is '.' or ':' or '/';
                end++;
            }
            int length = end - i;
            if (!isAddress && digits > 0 && (length >= 8 || digits == length && digits >= 4))
            {
                (kept ??= new StringBuilder(text.Length)).Append(text, from, i - from).Append('#');
                from = end;
            }
            i = end + 1;
        }
        return kept is null ? text : kept.Append(text, from, text.Length - from).ToString();
    }
}
