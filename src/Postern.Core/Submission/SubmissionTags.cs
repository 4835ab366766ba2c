namespace Postern.Core.Submission;

/// <summary>Metric tags used for each message, made once: a boxed value per message would be garbage.</summary>
internal static class SubmissionTags
{
    public static readonly KeyValuePair<string, object?> FromSmtp = new("source", "smtp");
    public static readonly KeyValuePair<string, object?> FromPickup = new("source", "pickup");
    public static readonly KeyValuePair<string, object?> Queued = new("mode", "queue");
    public static readonly KeyValuePair<string, object?> Inline = new("mode", "inline");
}
