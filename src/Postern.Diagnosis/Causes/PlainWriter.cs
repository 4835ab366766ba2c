namespace Postern.Diagnosis.Causes;

/// <summary>A verdict's words without the knowledge pages: one sentence each.</summary>
internal static class PlainWriter
{
    public static CauseText Write(CauseId cause, CaseDescription c)
    {
        string host = c.Host ?? "the upstream", domain = c.Domain ?? "the domain", ours = c.OurAddress ?? "our address", port = $"port {c.Port ?? 25}";
        bool isOurs = c.Where is "this-machine" or "our-provider" or "intercepted";
        var (summary, fix, why) = cause switch
        {
            CauseId.None => ($"Nothing is wrong with {host}.", "", ""),
            CauseId.IpReputation => ($"{host} refuses {ours} for its reputation{(c.List is null ? "" : $": it is on {c.List}")}.", $"Ask for removal{(c.Delisting is null ? "" : $" at {c.Delisting}")} when what caused the listing has ended.", "Receivers ask these lists before they take mail."),
            CauseId.UpstreamFirewall => ($"A firewall of {host} keeps {ours} out.", $"Their administrator must let {ours} reach {port}.", "Then our packets arrive at the mail server."),
            CauseId.RateLimited => ($"{host} takes less from us than we send{(c.Limit is null ? "" : $": {c.Limit}")}.", "Send with fewer connections and more slowly.", "Below its limit the upstream takes everything."),
            CauseId.MxMisconfigured => ($"The mail records of {domain} lead nowhere useful.", $"The administrator of {domain} must mend the MX records.", "Every sender follows them."),
            CauseId.NetworkPath => (isOurs ? $"The way to {port} of {host} is closed near us." : $"The way to {host} is broken{(c.Hop is null ? "" : $" behind {c.Hop}")}.", isOurs ? $"Ask our provider to open {port}, or send through a smart host on port 587." : "Tell whoever runs the network where it ends.", "Packets must arrive before anything else can."),
            CauseId.UpstreamDown => ($"{host} is down or in trouble.", "Wait; mail is kept and goes out when it is back.", "Nothing on our side changes it."),
            CauseId.RecipientUnknown => ($"{host} says that the recipient does not exist.", "Correct or remove the address.", "No retry makes a mailbox."),
            CauseId.TlsFailed => ($"TLS with {host} fails{(c.Tls is null ? "" : $" ({c.Tls})")}.", "Their administrator must mend the certificate or the TLS settings.", "A session that must be encrypted cannot go on without."),
            CauseId.AuthFailed => ($"{host} does not accept our credentials.", "Correct user name and password of this upstream.", "It relays for those it knows."),
            CauseId.Greylisted => ($"{host} defers what it has not seen before.", "Nothing: the retry passes.", "Greylisting remembers who comes back."),
            CauseId.SenderIdentity => ($"{host} is not content with who we say we are{(c.Identity is null ? "" : $" ({c.Identity})")}.", "Mend the reverse name, HELO name or policy records.", "Receivers check them against our address."),
            CauseId.RelayDenied => ($"{host} does not relay for us.", "Authenticate, or send to the recipient's own mail server.", "Servers take mail for their own domains or for those they know."),
            CauseId.MailboxFull => ("The recipient's mailbox is full.", "The recipient must make room.", "The server takes mail again when there is room."),
            CauseId.ContentRejected => ($"{host} refuses this message for what is in it.", "Change the message.", "Other messages pass."),
            CauseId.MessageTooLarge => ($"The message is larger than {host} takes.", "Send it smaller, or as a link.", "The limit is theirs."),
            CauseId.LocalDns => ("Our own resolver does not work.", "Mend or replace the resolver of this machine.", "Without it no destination can be found."),
            _ => ($"It is not clear why mail to {host} does not get through.", "Make the observation that would settle it.", "The evidence fits several causes."),
        };
        return new CauseText(summary, fix, why, cause == CauseId.NetworkPath && isOurs ? Party.Us : CauseTable.Of(cause).Who);
    }
}
