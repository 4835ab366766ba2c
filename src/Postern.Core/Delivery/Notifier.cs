using System.Net;
using Postern.Core.Bounces;
using Postern.Core.Decisions;
using Postern.Core.Queue;
using Postern.Core.Routing;
using Postern.Protocols.Smtp;

namespace Postern.Core.Delivery;

/// <summary>What senders are told, and of whom: to be settled with the attempt, and then told to others.</summary>
/// <param name="Failed">Given back, whether or not their sender is told.</param>
/// <param name="Late">Of whom the sender is told that they wait.</param>
internal sealed record Notices(IReadOnlyList<GeneratedMessage> Messages, IReadOnlyList<DsnRecipient> Failed, IReadOnlyList<DsnRecipient> Late);

/// <summary>Makes the notifications that an attempt's outcomes ask for: failure, delay, success towards a server that sends none itself.</summary>
internal sealed class Notifier(BounceComposer composer, MailRouter router, IQueueStore store, AttemptExplainer explainer)
{
    private readonly Func<MailPath, MailPath, string?> _route = (from, to) => router.Route(from, to, "bounce", null).Destination;

    /// <summary>True when some delivered recipient's sender wants to hear of it and the peer will not tell.</summary>
    public static bool WantsSuccess(Attempt attempt)
    {
        var recipients = attempt.Lease.Envelope.Recipients;
        foreach (ref readonly var outcome in attempt.Outcomes)
        {
            if (outcome.Disposition == Disposition.Delivered && (recipients[outcome.Index].Notify & DsnNotify.Success) != 0 && outcome.Peer is { RelaysNotifications: false }) return true;
        }
        return false;
    }

    /// <param name="delayed">The recipients that wait are to be told of as delayed.</param>
    public async ValueTask<Notices> MakeAsync(Attempt attempt, bool delayed, CancellationToken cancel)
    {
        var failed = new List<DsnRecipient>();
        var late = new List<DsnRecipient>();
        var passed = new List<DsnRecipient>();
        Sort(attempt, delayed, failed, late, passed);
        if (failed.Exists(f => f.Failure is null) || late.Exists(l => l.Failure is null)) await AddLastWordsAsync(attempt.Lease, failed, late, cancel);

        var messages = new List<GeneratedMessage>(1);
        await AddAsync(messages, DsnKind.Failure, attempt.Lease, failed, cancel);
        bool isLateTold = await AddAsync(messages, DsnKind.Delay, attempt.Lease, late, cancel);
        await AddAsync(messages, DsnKind.Success, attempt.Lease, passed, cancel);
        return new Notices(messages, failed, isLateTold ? [.. late.Where(l => NotifyPolicy.Wants(DsnKind.Delay, l.Recipient.Notify))] : []);
    }

    /// <summary>The operator gave the message back.</summary>
    public async ValueTask<Notices> ReturnAsync(Lease lease, CancellationToken cancel)
    {
        var failed = lease.Pending.Select(i => new DsnRecipient(lease.Envelope.Recipients[i]) { Reason = DsnReason.ReturnedByOperator }).ToList();
        await AddLastWordsAsync(lease, failed, [], cancel);
        var messages = new List<GeneratedMessage>(1);
        await AddAsync(messages, DsnKind.Failure, lease, failed, cancel);
        return new Notices(messages, failed, []);
    }

    private void Sort(Attempt attempt, bool delayed, List<DsnRecipient> failed, List<DsnRecipient> late, List<DsnRecipient> passed)
    {
        var envelope = attempt.Lease.Envelope;
        foreach (ref readonly var outcome in attempt.Outcomes)
        {
            var recipient = new DsnRecipient(envelope.Recipients[outcome.Index])
            {
                Failure = outcome.Failure,
                Reply = outcome.Reply,
                RemoteHost = outcome.Peer?.Host,
                RemoteAddress = outcome.Peer?.Address,
                LastAttempt = outcome.Failure is null && outcome.Disposition != Disposition.Delivered ? null : attempt.StartedAt,
                RetryUntil = envelope.ExpiresAt,
                Diagnosis = outcome.Failure is { } failure && attempt.Evidence is { } evidence ? explainer.Of(evidence, failure, envelope.Recipients[outcome.Index].Address.Address) : null,
                Reason = IsRefusal(outcome) ? DsnReason.Refused : DsnReason.Expired,
            };
            if (outcome.Disposition == Disposition.Bounce) failed.Add(recipient);
            else if (outcome.Disposition == Disposition.RetryLater && delayed) late.Add(recipient);
            else if (outcome is { Disposition: Disposition.Delivered, Peer.RelaysNotifications: false }) passed.Add(recipient);
        }
    }

    /// <summary>It would have been bounced at any age.</summary>
    private static bool IsRefusal(in RecipientOutcome outcome) => outcome.Decision is { Message: MessageAction.Bounce, IsByAge: false };

    /// <summary>Nothing was tried this time: what was heard in the last attempt is the reason.</summary>
    private async ValueTask AddLastWordsAsync(Lease lease, List<DsnRecipient> failed, List<DsnRecipient> late, CancellationToken cancel)
    {
        if (await store.ShowAsync(lease.Id, cancel) is not { Attempts: [.., var last] }) return;
        Complete(failed);
        Complete(late);

        void Complete(List<DsnRecipient> recipients)
        {
            for (int i = 0; i < recipients.Count; i++)
            {
                if (recipients[i].Failure is not null) continue;
                recipients[i] = recipients[i] with { Failure = last.Failure, Diagnosis = last.Diagnosis, RemoteHost = HostOf(last.Target), LastAttempt = last.At };
            }
        }
    }

    private static string HostOf(string target) => target.IndexOfAny(['[', ':']) is > 0 and var end && !IPAddress.TryParse(target, out _) ? target[..end] : target;

    /// <summary>False when there is nothing to tell, or nobody who wants to hear it.</summary>
    private async ValueTask<bool> AddAsync(List<GeneratedMessage> messages, DsnKind kind, Lease lease, List<DsnRecipient> recipients, CancellationToken cancel)
    {
        if (recipients.Count == 0) return false;
        var result = await composer.ComposeAsync(kind, lease.Envelope, lease.Id, recipients, lease.Content, _route, cancel);
        if (result.Message is not { } message) return false;
        messages.Add(message);
        return true;
    }
}
