using System.Globalization;
using Postern.Lab.Net;
using Postern.Lab.Peers;

namespace Postern.Lab.Scenarios;

/// <summary>
/// A misbehaviour of a sink as a line of text: <c>STAGE [if CONDITION [and CONDITION]]: ACTION</c>. Stages: connect helo starttls auth mail rcpt data body eod rset quit.
/// Actions: <c>reply TEXT</c> (\n for further lines), <c>close</c>, <c>reset</c>, <c>hang</c>, <c>delay 6s</c>. Conditions: <c>from ADDRESS</c>, <c>not from ADDRESS</c>,
/// <c>open > 3</c> (connections of this client), <c>connects > 5 in 60s</c>, <c>sent >= 10 in 60s</c>, <c>taken >= 2</c> (messages on this connection),
/// <c>to ADDRESS</c> (sender or recipient), <c>number = 1</c> (of the connection), <c>times 2</c>.
/// </summary>
internal static class PeerRule
{
    public static SinkRule Parse(string text)
    {
        int colon = text.IndexOf(": ", StringComparison.Ordinal) is >= 0 and var found ? found : throw new FormatException($"no action in the rule \"{text}\"");
        string[] head = text[..colon].Split(" if ", 2);
        var rule = Action(Stage(head[0].Trim()), text[(colon + 2)..].Trim());
        var tests = new List<Func<SinkVisit, bool>>();
        foreach (string condition in head.Length > 1 ? head[1].Split(" and ") : [])
        {
            string[] words = condition.Trim().Split(' ');
            rule = words switch
            {
                ["to", var address] => rule with { Address = address },
                ["number", "=", var number] => rule with { Connection = Number(number) },
                ["times", var number] => rule with { Times = Number(number) },
                _ => rule,
            };
            if (words[0] is not ("to" or "number" or "times")) tests.Add(Test(words, condition));
        }
        return tests.Count == 0 ? rule : rule with { When = visit => tests.TrueForAll(t => t(visit)) };
    }

    private static Func<SinkVisit, bool> Test(string[] words, string condition)
    {
        switch (words)
        {
            case ["from", var address]:
                var from = LabAddresses.Of(address);
                return v => v.Client.Equals(from);
            case ["not", "from", var address]:
                var notFrom = LabAddresses.Of(address);
                return v => !v.Client.Equals(notFrom);
            case ["open", ">", var number]:
                int open = Number(number);
                return v => v.Open > open;
            case ["taken", ">=", var number]:
                int taken = Number(number);
                return v => v.Taken >= taken;
            case ["connects", ">", var number, "in", var window]:
                int connects = Number(number);
                var connectWindow = Time(window);
                return v => v.ConnectedWithin(connectWindow) > connects;
            case ["sent", ">=", var number, "in", var window]:
                int sent = Number(number);
                var sentWindow = Time(window);
                return v => v.SentWithin(sentWindow) >= sent;
            default:
                throw new FormatException($"no such condition: {condition}");
        }
    }

    private static SinkRule Action(SinkStage stage, string action)
    {
        string[] words = action.Split(' ', 2);
        return words switch
        {
            ["close"] => new SinkRule(stage, SinkFault.Close),
            ["reset"] => new SinkRule(stage, SinkFault.Reset),
            ["hang"] => new SinkRule(stage, SinkFault.Hang),
            ["delay", var time] => new SinkRule(stage, SinkFault.Delay, Delay: Time(time)),
            ["reply", var reply] => new SinkRule(stage, SinkFault.Reply, reply.Replace("\\n", "\n", StringComparison.Ordinal).ReplaceLineEndings("\r\n")),
            _ => throw new FormatException($"no such action: {action}"),
        };
    }

    private static SinkStage Stage(string word) => word switch
    {
        "eod" => SinkStage.EndOfData,
        _ => Enum.TryParse<SinkStage>(word, ignoreCase: true, out var stage) ? stage : throw new FormatException($"no such stage: {word}"),
    };

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    /// <summary>"6s", "250ms", "1h".</summary>
    public static TimeSpan Time(string text) => text switch
    {
        [.. var n, 'm', 's'] => TimeSpan.FromMilliseconds(double.Parse(n, CultureInfo.InvariantCulture)),
        [.. var n, 's'] => TimeSpan.FromSeconds(double.Parse(n, CultureInfo.InvariantCulture)),
        [.. var n, 'h'] => TimeSpan.FromHours(double.Parse(n, CultureInfo.InvariantCulture)),
        _ => throw new FormatException($"no such time: {text}"),
    };
}
