namespace Postern.Core.Configuration;

/// <summary>What happened, as lines of JSON.</summary>
public sealed record EventsConfig
{
    [Setting("How much of the event log is kept in the data folder (events/*.jsonl); the oldest goes first, also when a webhook has not been told of it.", Min = "8MiB", Max = "64GiB")]
    public long KeepBytes { get; init; } = 256L << 20;
}

/// <summary>An address that is told of events.</summary>
public sealed record WebhookConfig
{
    [Setting("Name, for logs, metrics and the file that says how far it has been told.", Form = SettingForm.Name)]
    public required string Name { get; init; }

    [Setting("Where events are posted to, one at a time, as JSON. Anything but 2xx is tried again, from 5 seconds to hourly, until it is taken.", Source = "https://www.standardwebhooks.com", Example = "https://alerts.example.net/postern", Form = SettingForm.Url)]
    public required string Url { get; init; }

    [Setting("Key of the signature in webhook-signature (HMAC-SHA256 over id.timestamp.body): \"whsec_\" and base64, or any text. Absent: not signed.", Example = "{ env = \"WEBHOOK_SECRET\" }")]
    public Secret? Secret { get; init; }

    [Setting("Events to send: a type, \"incident.*\" or \"*\"; empty for all.", Form = SettingForm.EventPattern)]
    public IReadOnlyList<string> Events { get; init; } = [];

    [Setting("Time for one answer.", Source = "Standard Webhooks: 15-30 s", Min = "1s", Max = "2m")]
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(15);

    [Setting("Off: nothing is sent; what happens meanwhile is sent when it is on again.")]
    public bool Enabled { get; init; } = true;

    internal bool IsSameAs(WebhookConfig other) =>
        this with { Events = [], Secret = null } == other with { Events = [], Secret = null } && Events.SequenceEqual(other.Events) && Secret?.Reveal() == other.Secret?.Reveal();
}
