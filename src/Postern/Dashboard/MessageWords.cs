namespace Postern.Dashboard;

/// <summary>A message's state in a word, a tone and a shape.</summary>
internal static class MessageWords
{
    public static string State(string state) => state switch { "leased" => "being delivered", "deferred" => "tried, waits", _ => state };

    public static string Tone(string state) => state switch { "leased" => "good", "deferred" => "warn", "held" => "bad", _ => "info" };

    public static string Icon(string state) => state switch { "leased" => "upstream", "deferred" => "warn", "held" => "hold", _ => "wait" };
}
