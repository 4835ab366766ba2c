using System.Text;
using Postern.Core.Events;

namespace Postern.Cli.Manual;

/// <summary>Writes docs/events.md from the table of event types.</summary>
internal static class EventsReference
{
    public static string Write()
    {
        var text = new StringBuilder("""
            # Events

            <!-- Made by `postern config events`; a test compares it with the program. Change the table in EventType.cs instead. -->

            One line of JSON each: in `events/*.jsonl` of the data folder, from `postern events`, over `GET /api/v1/events` and its stream, and to every `[[webhook]]`. What `data` holds
            for each type, and how webhooks are signed and retried: [the guide](guide.md#incidents-events-and-webhooks).

            ```json
            {"id":4711,"type":"incident.opened","at":"2026-01-31T12:00:00.1234567+00:00","relay":"relay.example.net","subject":"provider","data":{}}
            ```

            Webhooks and `--type` filter by these words, by the part before the dot (`incident.*`), or `*`.

            | type | what it tells |
            |---|---|

            """.ReplaceLineEndings("\n"));
        foreach (var row in EventTypes.All) text.Append($"| `{row.Word}` | {row.Tells} |\n");
        return text.ToString();
    }
}
