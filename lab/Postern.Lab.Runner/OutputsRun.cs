using Postern.Lab.Running;
using Postern.Lab.Scenarios;

namespace Postern.Lab.Runner;

/// <summary><c>--outputs</c>: what an operator reads for each of the seven causes, as pages of the documents. One scenario stands for each.</summary>
internal static class OutputsRun
{
    /// <summary>Two causes are seen by a relay only: there the page shows <c>postern why</c>.</summary>
    private static readonly string[] Chosen =
    [
        "listed-one-list-554", "firewall-host-drop-our-address", "rate-messages-per-hour-451", "mx-host-does-not-exist", "path-own-edge-drop-25", "down-daemon-stopped", "recipient-unknown-550",
    ];

    /// <returns>0 when every page was written.</returns>
    public static async Task<int> RunAsync(IReadOnlyList<Scenario> scenarios, string executable, string folder, CancellationToken cancel)
    {
        Directory.CreateDirectory(folder);
        int failed = 0;
        foreach (string id in Chosen)
        {
            var scenario = scenarios.Single(s => s.Id == id);
            try
            {
                await using var lab = await RunningLab.StartAsync(scenario, cancel);
                var shown = await new PosternRun(lab, executable).ShowAsync(cancel);
                await File.WriteAllTextAsync(Path.Combine(folder, scenario.Cause + ".md"), Page(scenario, shown), cancel);
                Console.WriteLine($"{scenario.Cause + ".md",-24} {id}");
            }
            catch (Exception e) when (e is InvalidOperationException or IOException or TimeoutException or System.Net.Sockets.SocketException)
            {
                failed++;
                Console.WriteLine($"{scenario.Cause + ".md",-24} {id}: not written: {e.Message}");
            }
        }
        return failed == 0 ? 0 : 1;
    }

    private static string Page(Scenario scenario, PosternRun.Shown shown) => $"""
        # What Postern says of `{scenario.Cause}`

        <!-- Made by lab/outputs.sh; do not edit. -->

        The program's own output on a terminal of 100 columns. In the [fault lab](../../../lab/README.md), scenario `{scenario.Id}`: {scenario.Title}.
        [The page about this cause](../{scenario.Cause}.md).

        ```
        $ {shown.Command}
        {shown.Screen.TrimEnd('\n')}
        ```

        """.ReplaceLineEndings("\n");
}
