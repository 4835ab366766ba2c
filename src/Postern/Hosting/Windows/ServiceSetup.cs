namespace Postern.Hosting.Windows;

/// <summary>The calls of sc.exe and icacls.exe that make, unmake and look at the Windows service: words only, so that they can be checked on any system.</summary>
/// <param name="Name">Of the service: letters, digits, - and _.</param>
/// <param name="Program">Full path of postern.exe.</param>
/// <param name="Folder">Configuration, queue and log; the service may write nowhere else.</param>
internal sealed record ServiceSetup(string Name, string Program, string Folder)
{
    /// <summary>A program and its arguments, passed as they are.</summary>
    internal sealed record Call(string Program, IReadOnlyList<string> Arguments);

    /// <summary>An account of its own, made by Windows with the service: it has no password and no other rights.</summary>
    public string Account => $@"NT SERVICE\{Name}";

    public string Config => Folder + @"\postern.toml";

    /// <summary>What the service manager starts. Windows splits it at blanks, so paths are in quotes; a quote cannot be part of a path there.</summary>
    public string CommandLine => $"\"{Program}\" service run --name {Name} --config \"{Config}\" --log \"{Folder}\\logs\"";

    public static bool IsName(string name) => name.Length is > 0 and <= 80 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');

    public IReadOnlyList<Call> Install =>
    [
        // sc.exe wants the blank after each equals sign: name and value are two arguments.
        Sc("create", Name, "binPath=", CommandLine, "start=", "delayed-auto", "obj=", Account, "DisplayName=", "Postern mail relay"),
        Sc("description", Name, "Outbound SMTP relay that keeps mail safe and says why it does not arrive."),
        // Started again after a crash, more slowly each time; forgotten after a day without one.
        Sc("failure", Name, "reset=", "86400", "actions=", "restart/2000/restart/10000/restart/60000"),
        Sc("failureflag", Name, "1"),
        // The right to read the clear text of secrets is the service's and the administrators' alone.
        new("icacls.exe", [Folder, "/inheritance:r", "/grant:r", $"{Account}:(OI)(CI)M", "*S-1-5-18:(OI)(CI)F", "*S-1-5-32-544:(OI)(CI)F"]),
    ];

    public IReadOnlyList<Call> Start => [Sc("start", Name)];

    /// <summary>The folder stays: its mail is not delivered yet.</summary>
    public IReadOnlyList<Call> Uninstall => [Sc("delete", Name)];

    private static Call Sc(params string[] arguments) => new("sc.exe", arguments);
}
