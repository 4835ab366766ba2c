namespace Postern.Protocols.Smtp;

/// <summary>The replies of one transaction as they come, matched to the commands in order. Pure: no network.</summary>
internal sealed class TransactionRun(int recipients)
{
    private readonly RecipientResult[] _results = new RecipientResult[recipients];
    private readonly bool[] _accepted = new bool[recipients];
    private readonly Queue<ClientStage> _expected = new(Math.Min(recipients, 100) + 3);
    private int _nextRecipient;
    private bool _ignoreEnd, _mailAccepted, _ended;
    private ClientStage _reached = ClientStage.Mail;

    public FirstReply? First { get; init; }

    public int Outstanding => _expected.Count;

    /// <summary>The oldest command without a reply.</summary>
    public ClientStage NextExpected => _expected.Count > 0 ? _expected.Peek() : _reached;

    public int Accepted { get; private set; }
    public StageFailure? MailFailure { get; private set; }

    /// <summary>Why the session cannot go on; null while it can.</summary>
    public StageFailure? Broken { get; private set; }

    public SmtpReply? DataReply { get; private set; }

    /// <summary>MAIL was taken, but no end of data closed the transaction.</summary>
    public bool NeedsReset => _mailAccepted && !_ended;

    public void Expect(ClientStage stage) => _expected.Enqueue(stage);

    /// <summary>An end of data that carries no message: its reply decides nothing.</summary>
    public void ExpectIgnored()
    {
        _ignoreEnd = true;
        _expected.Enqueue(ClientStage.EndOfData);
    }

    /// <summary>Everybody not decided yet shares the failure. Always false, for the caller to return.</summary>
    public bool Break(StageFailure failure)
    {
        Broken = failure;
        if (failure.Stage > _reached && failure.Stage < ClientStage.Rset) _reached = failure.Stage;
        var reason = MailFailure ?? failure;
        for (int i = 0; i < _results.Length; i++)
        {
            if (i >= _nextRecipient || _accepted[i]) _results[i] = new RecipientResult(reason, reason.Reply);
        }

        return false;
    }

    /// <summary>Takes the reply to the oldest command without one. False when it ends the session (421).</summary>
    public bool Hear(SmtpReply reply)
    {
        var stage = _expected.Dequeue();
        if (stage > _reached && stage < ClientStage.Rset) _reached = stage;
        if (reply.Code == 421) return Break(Failure(stage, reply));
        switch (stage)
        {
            case ClientStage.Rset when !reply.IsPositive:
                return Break(ResetRefused(reply));
            case ClientStage.Mail:
                _mailAccepted = reply.IsPositive;
                if (!reply.IsPositive) RefuseAll(Failure(stage, reply));
                break;
            case ClientStage.Rcpt:
                HearRecipient(reply);
                break;
            case ClientStage.Data:
                DataReply = reply;
                if (!reply.IsIntermediate) DecideAccepted(Failure(stage, reply), reply);
                break;
            case ClientStage.EndOfData:
                _ended = true;
                if (!_ignoreEnd) DecideAccepted(reply.IsPositive ? null : Failure(stage, reply), reply);
                break;
        }

        return true;
    }

    /// <summary>Without RSET the old transaction stands, and what is said to MAIL is about that. No recipient's fault, so the reply's class must not count.</summary>
    public static StageFailure ResetRefused(SmtpReply reply) => new(ClientStage.Rset, Speaker.Peer, FailureKind.NotSmtp, $"RSET was refused: {reply}");

    public TransactionResult Result() => new(_results, _reached, Broken);

    private void HearRecipient(SmtpReply reply)
    {
        int index = _nextRecipient++;
        if (MailFailure is not null) return;
        if (reply.IsPositive)
        {
            _accepted[index] = true;
            Accepted++;
            return;
        }

        _results[index] = new RecipientResult(Failure(ClientStage.Rcpt, reply), reply);
    }

    private void RefuseAll(StageFailure failure)
    {
        MailFailure = failure;
        for (int i = 0; i < _results.Length; i++) _results[i] = new RecipientResult(failure, failure.Reply);
    }

    private void DecideAccepted(StageFailure? failure, SmtpReply reply)
    {
        for (int i = 0; i < _results.Length; i++)
        {
            if (_accepted[i]) _results[i] = new RecipientResult(failure, reply);
        }
    }

    private static StageFailure Failure(ClientStage stage, SmtpReply reply) =>
        reply.Code >= 400
            ? new StageFailure(stage, Speaker.Peer, FailureKind.Refused, reply.ToString(), reply)
            : new StageFailure(stage, Speaker.Peer, FailureKind.NotSmtp, $"while {ClientStageTable.Of(stage).Phrase}: an unexpected reply: {reply}");
}
