using System.Text;
using Postern.Diagnosis.Causes;
using Postern.Diagnosis.Knowledge;

namespace Postern.Cli;

/// <summary>Writes docs/causes from the knowledge pages that the program carries, with generic words in the place of a case's names.</summary>
internal static class CausesReference
{
    private const string Made = "<!-- Made by `postern config causes`; a test compares it with the program. Change the page in knowledge/ instead. -->";

    /// <summary>File name and text, in a fixed order.</summary>
    public static IEnumerable<(string Name, string Text)> Write()
    {
        yield return ("README.md", Index());
        foreach (var page in KnowledgeBase.Default.Pages) yield return ($"{CauseTable.NameOf(page.Id)}.md", Page(page));
    }

    private static string Index()
    {
        var text = new StringBuilder($"""
            # Causes

            {Made}

            Why mail does not get through: the words are the same in commands, the API, logs, metrics and bounces. Each page says what you see, how to confirm it by hand,
            what mends it and why that works. `postern explain CAUSE` prints it; a diagnosis fills in the names of its case.

            | cause | what it is | who acts |
            |---|---|---|

            """.ReplaceLineEndings("\n"));
        foreach (var page in KnowledgeBase.Default.Pages)
        {
            string name = CauseTable.NameOf(page.Id);
            text.Append($"| [`{name}`]({name}.md) | {page.Title} | {Acts(page.Who)} |\n");
        }
        return text.ToString();
    }

    private static string Page(KnowledgePage page)
    {
        string markdown = page.Render(CaseValues.Generic).ToMarkdown();
        int title = markdown.IndexOf('\n', StringComparison.Ordinal) + 1;
        return $"{markdown[..title]}\n{Made}\n\n`{CauseTable.NameOf(page.Id)}` · who acts: {Acts(page.Who)} · [all causes](README.md)\n{markdown[title..]}";
    }

    private static string Acts(Party who) => who switch
    {
        Party.Us => "we, who run the relay",
        Party.Upstream => "the far side's administrator",
        Party.RecipientDomain => "the recipient's domain",
        Party.Network => "the network's owner",
        Party.Sender => "the sender of the message",
        _ => "nobody: it passes",
    };
}
