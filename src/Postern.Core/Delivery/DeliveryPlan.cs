using Postern.Core.Upstreams;
using Postern.Protocols.Dns;
using Postern.Protocols.Smtp;

namespace Postern.Core.Delivery;

/// <summary>
/// Where a message may be handed to, and the answers that this rests on: a table with a row for each host (and each further port of it) and a
/// column for each egress choice. Data only: addresses are looked up candidate by candidate, when one is tried. Either there are candidates or
/// a failure. <see cref="NextAfter"/> walks it.
/// </summary>
/// <param name="Candidates">Row by row; the most wanted row and column first.</param>
/// <param name="Choices">Columns, at most <see cref="MostChoices"/>.</param>
/// <param name="Failure">Why there is no candidate: the domain takes no mail, does not exist, loops to us, or cannot be looked up now.</param>
internal sealed record DeliveryPlan(IReadOnlyList<Candidate> Candidates, int Choices, StageFailure? Failure, IReadOnlyList<DnsObservation> Dns)
{
    public const int MostRows = 8;
    public const int MostChoices = 8;

    /// <summary>Candidates that one attempt really tries; those passed over do not count. Postfix's smtp_mx_address_limit is 5.</summary>
    public const int MostTried = 8;

    public static DeliveryPlan Failed(StageFailure failure, IReadOnlyList<DnsObservation> dns) => new([], 1, failure, dns);

    private int Rows => Candidates.Count / Choices;

    public PlanStep? First => Candidates.Count == 0 ? null : default(PlanStep);

    public Candidate At(PlanStep step) => Candidates[step.Row * Choices + step.Choice];

    /// <summary>Whom to try after a candidate that failed or was passed over; null when nobody is left. Pure.</summary>
    /// <param name="wasTried">False when it was only passed over: its gate is closed, our address is rested there, or all sessions are in use.</param>
    public PlanStep? NextAfter(PlanStep step, Blame blame, bool wasTried = true)
    {
        int tried = step.Tried + (wasTried ? 1 : 0);
        if (tried >= MostTried) return null;
        ulong done = step.Done | Bit(step.Row, step.Choice);
        if (blame == Blame.Host) done |= WholeHost(step);
        if (blame == Blame.Egress)
        {
            for (int i = 1; i < Choices; i++)
            {
                int choice = (step.Choice + i) % Choices;
                if ((done & Bit(step.Row, choice)) == 0) return new PlanStep(step.Row, choice, done, tried);
            }
        }
        for (int i = 0; i < Choices; i++)
        {
            int choice = (step.Choice + i) % Choices;
            // From the next one on: one that has not been tried from any address is worth more than one that has.
            for (int ahead = 1; ahead <= Rows; ahead++)
            {
                int row = (step.Row + ahead) % Rows;
                if ((done & Bit(row, choice)) == 0) return new PlanStep(row, choice, done, tried);
            }
        }
        return null;
    }

    /// <summary>The same host may still be tried from another address of ours.</summary>
    public bool HasOtherEgress(PlanStep step)
    {
        for (int choice = 0; choice < Choices; choice++)
        {
            if (choice != step.Choice && (step.Done & Bit(step.Row, choice)) == 0) return true;
        }
        return false;
    }

    /// <summary>All rows of the same upstream, from every address of ours: its ports are rows of their own.</summary>
    private ulong WholeHost(PlanStep step)
    {
        var upstream = At(step).Upstream;
        ulong bits = 0;
        for (int row = 0; row < Rows; row++)
        {
            if (row != step.Row && !ReferenceEquals(Candidates[row * Choices + step.Choice].Upstream, upstream)) continue;
            for (int choice = 0; choice < Choices; choice++) bits |= Bit(row, choice);
        }
        return bits;
    }

    private static ulong Bit(int row, int choice) => 1UL << (row * MostChoices + choice);
}

/// <summary>A place in a plan, with what was tried on the way there. The default is the first.</summary>
/// <param name="Done">A bit for each place that is over.</param>
/// <param name="Tried">Candidates really tried before this one.</param>
internal readonly record struct PlanStep(int Row, int Choice, ulong Done, int Tried);
