namespace Postern.Api;

/// <summary>Answers as they look, for the document; a test holds each against its schema.</summary>
internal static class ApiExamples
{
    public const string QueueItem = """{"id":"01kb2d3e4f5g6","sender":"app@example.org","accepted_at":"2026-01-02T03:04:05+00:00","size_bytes":4096,"state":"deferred","recipients_waiting":1,"recipients_total":1,"recipients":["you@example.net"],"destinations":["pool:provider"],"attempts":2,"next_due":"2026-01-02T03:19:05+00:00","last_reply":"450 4.7.1 greylisted","cause":"greylisted","upstream":"provider","client_address":"192.0.2.7","priority":0}""";

    public const string Diagnosis = """{"id":"01kb2d3e4f5g7","target":"smtp.example.com:587","at":"2026-01-02T03:04:06+00:00","stage":"connect","verdict":{"cause":"upstream-down","confidence":0.9,"summary":"smtp.example.com refuses connections.","fix":"Nothing to do but wait.","why":"Mail waits and goes when it is back.","who":"upstream","page":"causes/upstream-down","confirm":["nc -vz smtp.example.com 587"]},"alternatives":[{"cause":"upstream-firewall","confidence":0.1,"would_settle":"a connection from another address"}],"evidence":[{"id":"tcp.connect","said_by":"network","observed":"refused by 192.0.2.25","supports":["upstream-down"],"against":[],"ms":3}],"actions":[]}""";

    public const string Incident = $$"""{"id":"01kb2d3e4f5g8","upstream":"provider","cause":"upstream-down","level":"alert","opened_at":"2026-01-02T03:04:06+00:00","last_seen_at":"2026-01-02T03:09:06+00:00","failures":6,"waiting":120,"destinations":["pool:provider"],"actions":[{"at":"2026-01-02T03:04:06+00:00","last_at":"2026-01-02T03:09:06+00:00","count":6,"did":"kept 120 messages"}],"diagnosis":{{Diagnosis}} }""";

    public const string Status = $$"""{"version":"0.1.0","hostname":"relay.example.net","started_at":"2026-01-01T00:00:00+00:00","listening":["127.0.0.1:2525"],"ready":true,"problems":[],"incidents":[{{Incident}}],"failing_webhooks":[],"notes":[],"queue":{"messages":120,"held":0,"in_delivery":1,"oldest_accepted_at":"2026-01-02T03:04:05+00:00","live_bytes":491520,"disk_bytes":134217728,"free_disk_bytes":10737418240,"set_aside":0,"by_destination":{"pool:provider":120} },"accepted":4711}""";

    public const string QueueDetails = $$"""{"message":{{QueueItem}},"expires_at":"2026-01-07T03:04:05+00:00","client_address":"192.0.2.7","client_hello":"app.example.org","listener":"0.0.0.0:2525","protocol":"ESMTPS","recipients":[{"address":"you@example.net","destination":"pool:provider","status":"waiting","last_reply":"450 4.7.1 greylisted"}],"attempts":[{"at":"2026-01-02T03:04:06+00:00","destination":"pool:provider","upstream":"provider","target":"smtp.example.com[192.0.2.25]:587","stage_reached":"rcpt","failure":{"stage":"rcpt","speaker":"peer","kind":"refused","detail":"refused","reply":{"code":450,"enhanced":"4.7.1","lines":["greylisted"]},"may_duplicate":false,"is_permanent":false},"transcript":[{"from_peer":true,"at_milliseconds":12.5,"text":"450 4.7.1 greylisted"}]}]}""";

    private const string Lane = """{"upstream":"provider","sessions":2,"sessions_allowed":8,"messages_last_minute":90,"messages_per_minute_allowed":100,"learned":[{"limit":"messages","value":100,"window":"1m","at":"2026-01-02T03:00:00+00:00","words":"100 messages in a minute"}]}""";

    public const string Upstreams = $$"""{"upstreams":[{"name":"provider","address":"smtp.example.com:587","state":"up","since":"2026-01-02T03:00:00+00:00","sessions":2,"waiting":120,"group":"provider"}],"groups":[{"name":"provider","members":["provider"],"lanes":[{{Lane}}],"rests":[]}]}""";

    public const string Egress = $$"""{"egress":[{"name":"a","addresses":["192.0.2.10"],"hello":"a.relay.example.net","used":true,"lanes":[{{Lane}}],"rests":[]}]}""";

    public const string Trends = """{"minutes":[{"at":"2026-01-02T03:04:00+00:00","accepted":120,"refused":1,"delivered":118,"bounced":1,"deferred":3,"waiting":42}],"upstreams":["provider"]}""";

    public const string Webhooks = """{"webhooks":[{"name":"ops","address":"https://hooks.example.com","events":["incident.*"],"last_id":4711,"waiting":0,"failures":0}]}""";
}
