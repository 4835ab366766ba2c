namespace Postern.Protocols.Smtp;

/// <summary>How long each stage of a dialogue with an upstream may take. Defaults: RFC 5321 section 4.5.3.2, except Connect, Tls, Auth and Quit, which it leaves open.</summary>
public sealed record StageTimeouts
{
    public TimeSpan Connect { get; init; } = TimeSpan.FromSeconds(30);
    public TimeSpan Greeting { get; init; } = TimeSpan.FromMinutes(5);
    public TimeSpan Ehlo { get; init; } = TimeSpan.FromMinutes(5);
    public TimeSpan Tls { get; init; } = TimeSpan.FromMinutes(1);
    public TimeSpan Auth { get; init; } = TimeSpan.FromMinutes(2);
    public TimeSpan Mail { get; init; } = TimeSpan.FromMinutes(5);
    public TimeSpan Rcpt { get; init; } = TimeSpan.FromMinutes(5);
    public TimeSpan Data { get; init; } = TimeSpan.FromMinutes(2);
    public TimeSpan Body { get; init; } = TimeSpan.FromMinutes(3);
    public TimeSpan EndOfData { get; init; } = TimeSpan.FromMinutes(10);
    public TimeSpan Quit { get; init; } = TimeSpan.FromSeconds(5);

    internal TimeSpan Of(ClientStage stage) => stage switch
    {
        ClientStage.Connect or ClientStage.Resolve => Connect,
        ClientStage.Greeting => Greeting,
        ClientStage.Ehlo => Ehlo,
        ClientStage.StartTls or ClientStage.TlsHandshake => Tls,
        ClientStage.Auth => Auth,
        ClientStage.Mail => Mail,
        ClientStage.Rcpt => Rcpt,
        ClientStage.Data => Data,
        ClientStage.Body => Body,
        ClientStage.EndOfData => EndOfData,
        _ => Quit,
    };
}
