namespace Postern.Core.Configuration;

/// <summary>How failures are explained, and what may be looked up and dialled for it.</summary>
public sealed record DiagnosisConfig
{
    [Setting("Explain every failed attempt: the cause in the log, the metrics, the notifications and what inline clients hear.")]
    public bool Enabled { get; init; } = true;

    [Setting("Look closer at an upstream in trouble, beside the delivery: once for each incident, one at a time, never with mail. Off: explanations rest on the attempts alone.")]
    public bool Probe { get; init; } = true;

    [Setting("Known-good references, to tell their trouble from ours: domains whose MX hosts are connected to (TCP only, nothing is said), or host:port. Only dialled while something fails or for 'postern check' and 'postern doctor'. Empty for none.", Source = "three large, unrelated networks", Form = SettingForm.Control)]
    public IReadOnlyList<string> Controls { get; init; } = ["gmail.com", "outlook.com", "yahoo.com"];

    [Setting("Ask the blocklists that Postern knows about our own sending addresses. Off: only those in [[diagnosis.blocklist]].")]
    public bool BuiltinBlocklists { get; init; } = true;

    [Setting("A blocklist of your own, or other settings (a key) for one that Postern knows.")]
    public IReadOnlyList<BlocklistConfig> Blocklist { get; init; } = [];
}

public enum BlocklistWeightName : byte { None, VeryLow, Low, Medium, High }

public sealed record BlocklistConfig
{
    [Setting("The DNS zone that is asked.", Example = "bl.example.org", Form = SettingForm.HostName)]
    public required string Zone { get; init; }

    [Setting("Its name for people; absent for the zone.")]
    public string? Name { get; init; }

    [Setting("How much a listing there explains a refusal: none, very-low, low, medium or high; absent for what Postern knows of it, medium for a list that it does not know.")]
    public BlocklistWeightName? Weight { get; init; }

    [Setting("Where to look an address up and ask for removal.", Example = "https://bl.example.org/remove", Form = SettingForm.WebPage)]
    public string? Delisting { get; init; }

    [Setting("What its answers mean, as \"127.0.0.2=spam source\".")]
    public IReadOnlyList<string> Codes { get; init; } = [];

    [Setting("The key of a list that is only for its subscribers (Spamhaus DQS, Abusix).", Example = "{ env = \"DQS_KEY\" }")]
    public Secret? Key { get; init; }

    [Setting("Do not ask this list at all.")]
    public bool Off { get; init; }
}
