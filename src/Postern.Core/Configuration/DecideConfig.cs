namespace Postern.Core.Configuration;

public enum DecideMessage : byte { Wait, NextHost, Bounce }

/// <summary>What is done about one cause on one route, where that differs from docs/decisions.md.</summary>
public sealed record DecideConfig
{
    [Setting("The cause: a word of docs/decisions.md.", Example = "greylisted", Form = SettingForm.Cause)]
    public required string Cause { get; init; }

    [Setting("wait: keep the message for the next attempt. next-host: try the other hosts, then wait. bounce: return it to its sender at once. Absent for what Postern does by itself.")]
    public DecideMessage? Message { get; init; }

    [Setting("Waits between attempts after this cause; the last one repeats. Empty for Postern's own or delivery.retry.", Example = "[\"10m\"]")]
    public IReadOnlyList<TimeSpan> Retry { get; init; } = [];

    [Setting("Needed for message = \"bounce\" with a cause that is not the sender's, the recipient's or the message's fault: people's mail is then returned for our own trouble or the upstream's.")]
    public bool EvenIfOurs { get; init; }
}
