using Postern.Api;

namespace Postern.Dashboard;

/// <summary>How an upstream is, in a word and a tone.</summary>
internal static class UpstreamWords
{
    public static string Tone(UpstreamContract upstream) => upstream switch
    {
        { State: "down" } => "bad",
        { State: "probing" } or { Ejection: not null } => "warn",
        _ => "good",
    };

    public static string State(UpstreamContract upstream) => upstream switch
    {
        { State: "up", Ejection: not null } => "out of turn",
        { State: var state } => state,
    };
}
