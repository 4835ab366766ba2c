namespace Postern.Protocols.Spf;

/// <summary>RFC 7208 section 2.6.</summary>
public enum SpfResult : byte { None, Neutral, Pass, Fail, SoftFail, TempError, PermError }

/// <summary>What a domain's policy says of an address.</summary>
/// <param name="Matched">The term that decided, as it stands in the record; null when none did.</param>
/// <param name="Problem">What is wrong, for <see cref="SpfResult.TempError"/> and <see cref="SpfResult.PermError"/>; one sentence without full stop.</param>
/// <param name="Record">The domain's own record as found; null when it has none.</param>
/// <param name="Lookups">Terms that cost a look-up; the limit is 10.</param>
/// <param name="Explanation">The domain's own words for a fail (exp=), expanded; null when it has none.</param>
public sealed record SpfOutcome(SpfResult Result, string? Matched, string? Problem, string? Record, int Lookups, string? Explanation = null);

/// <summary>Who asks about whom: the arguments of check_host() (RFC 7208 section 4.1) and what macros may name.</summary>
/// <param name="Sender">"local@domain"; an empty local part counts as "postmaster".</param>
/// <param name="Receiver">Who checks, for the explanation's %{r}; null is "unknown".</param>
public sealed record SpfQuestion(System.Net.IPAddress Address, string Domain, string Sender, string Hello, string? Receiver = null);
