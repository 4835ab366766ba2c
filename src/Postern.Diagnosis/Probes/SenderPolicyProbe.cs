using System.Net;
using Postern.Diagnosis.Evidence;
using Postern.Protocols.Dns;
using Postern.Protocols.Smtp;
using Postern.Protocols.Spf;

namespace Postern.Diagnosis.Probes;

/// <summary>What the policy of a sender's domain says of one of our addresses, asked exactly as a receiver asks (RFC 7208).</summary>
internal static class SenderPolicyProbe
{
    public static async Task<IReadOnlyList<Fact>> RunAsync(ProbeContext context, IResolver resolver, string domain, IPAddress address, CancellationToken cancel)
    {
        long begun = context.Time.GetTimestamp();
        var outcome = await new SpfEvaluator(resolver, context.Time).CheckHostAsync(new SpfQuestion(address, domain, $"postmaster@{domain}", context.HelloOf(address)), cancel);
        bool hidden = AddressScopes.Of(address) is AddressScope.Private or AddressScope.LinkLocal;
        bool? passed = outcome.Result switch
        {
            SpfResult.Pass => true,
            // What receivers see is another address, of which this says nothing; a record that is broken is broken for every address.
            SpfResult.Fail or SpfResult.SoftFail => hidden ? null : false,
            SpfResult.PermError => false,
            _ => null,
        };
        return
        [
            new IdentityFact
            {
                SaidBy = Speaker.Dns, Aspect = IdentityAspect.SenderPolicy, Subject = domain, Address = address.ToString(), Passed = passed,
                Observed = Words(domain, address, outcome) + (hidden ? $"; it is {AddressScopes.WordsOf(address)}, and receivers see another one" : ""),
                Milliseconds = context.Time.GetElapsedTime(begun).TotalMilliseconds,
            },
        ];
    }

    private static string Words(string domain, IPAddress address, SpfOutcome outcome)
    {
        string by = outcome.Matched is null ? "" : $" by \"{outcome.Matched}\"";
        return outcome.Result switch
        {
            SpfResult.None => $"{domain} has no SPF record, so nobody knows that {address} may send for it",
            SpfResult.Neutral => $"the SPF record of {domain} says nothing of {address}{by}",
            SpfResult.Pass => $"the SPF record of {domain} allows {address}{by}",
            SpfResult.Fail => $"the SPF record of {domain} forbids {address}{by}",
            SpfResult.SoftFail => $"the SPF record of {domain} says that {address} is probably not allowed{by}",
            SpfResult.TempError => $"the SPF record of {domain} could not be evaluated: {outcome.Problem ?? "a look-up failed"}",
            _ => $"the SPF record of {domain} is broken, and receivers treat it as if it forbade everything or did not exist: {outcome.Problem ?? "a term is wrong"}",
        };
    }
}
