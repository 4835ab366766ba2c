namespace Postern.Core.Configuration;

public enum WarmUpKind : byte { Off, Standard, Slow }

public sealed record EgressConfig
{
    [Setting("Name, for routes, logs and metrics.", Form = SettingForm.Name)]
    public required string Name { get; init; }

    [Setting("Local address to send from.", Example = "192.0.2.10", Form = SettingForm.Address)]
    public required string Address { get; init; }

    [Setting("Name to say in EHLO from this address; absent for server.hostname.", Example = "a.relay.example.net", Form = SettingForm.HostName)]
    public string? Hello { get; init; }

    [Setting("For a new address: at first each provider gets few messages a day from it, then more day by day; the rest leaves from the route's other addresses, or waits where there is none. off; standard: 14 days from 50 to 600,000; slow: 45 days from 50 to 50,000.", Source = "standard: SendGrid's IP warm-up schedule; slow: the length and end of Amazon SES's")]
    public WarmUpKind WarmUp { get; init; } = WarmUpKind.Off;

    [Setting("The same with a plan of your own: messages per day to each provider.", Example = "[50, 100, 500, 1000]", Min = "1", Max = "10000000")]
    public IReadOnlyList<int> WarmUpPlan { get; init; } = [];

    [Setting("Day (in UTC) from which the address is used and warmed up; absent for the day of its first message. A day later than it began, warms it up anew.", Example = "2026-02-01", Form = SettingForm.Date)]
    public string? WarmUpFrom { get; init; }
}
