namespace Postern.Prober;

/// <summary>
/// Stands inside a network namespace for the tests, which cannot move there themselves: <c>ask</c> runs the probes that it is told on standard input,
/// <c>serve PORT...</c> is the host at the other end. Both end with their standard input.
/// </summary>
internal static class Program
{
    public static async Task<int> Main(string[] args)
    {
        switch (args)
        {
            case ["ask"]:
                await Asker.RunAsync(Console.In, Console.Out);
                return 0;
            case ["serve", .. var ports]:
                await Host.RunAsync([.. ports.Select(p => int.Parse(p, System.Globalization.CultureInfo.InvariantCulture))], Console.In, Console.Out);
                return 0;
            default:
                await Console.Error.WriteLineAsync("usage: postern-prober ask | serve PORT...");
                return 2;
        }
    }
}
