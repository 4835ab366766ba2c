using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Postern.Tests.Telemetry;

internal sealed record OtlpSpan(string Trace, string Id, string Parent, string Name, long Kind, ulong Start, ulong End, IReadOnlyDictionary<string, object> Attributes, IReadOnlyList<(string Name, IReadOnlyDictionary<string, object> Attributes)> Events, long Status);

internal sealed record OtlpLog(string Body, string Severity, string Trace, string Span, IReadOnlyDictionary<string, object> Attributes);

/// <summary>
/// A collector on loopback: takes OTLP over gRPC (opentelemetry-proto collector/*/v1, HTTP/2 without TLS) or HTTP, and reads what came by the field numbers of
/// https://github.com/open-telemetry/opentelemetry-proto (v1.5).
/// </summary>
internal sealed class OtlpReceiver : IAsyncDisposable
{
    private readonly WebApplication _app;

    private OtlpReceiver(bool isGrpc)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(k => k.Listen(System.Net.IPAddress.Loopback, 0, l => l.Protocols = isGrpc ? HttpProtocols.Http2 : HttpProtocols.Http1));
        _app = builder.Build();
        _app.Run(isGrpc ? TakeGrpcAsync : TakeHttpAsync);
    }

    public ConcurrentQueue<OtlpSpan> Spans { get; } = [];
    public ConcurrentQueue<OtlpLog> Logs { get; } = [];
    public ConcurrentQueue<string> Metrics { get; } = [];
    public ConcurrentDictionary<string, object> Resource { get; } = [];

    /// <summary>The header that a test gave, of each request.</summary>
    public ConcurrentQueue<string> Keys { get; } = [];

    public string Address => _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();

    public static async Task<OtlpReceiver> StartAsync(bool isGrpc)
    {
        var receiver = new OtlpReceiver(isGrpc);
        await receiver._app.StartAsync();
        return receiver;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task TakeHttpAsync(HttpContext http)
    {
        var body = await BodyAsync(http);
        Keys.Enqueue(http.Request.Headers["x-key"].ToString());
        Assert.Equal("application/x-protobuf", http.Request.ContentType);
        Take(http.Request.Path.Value!.Split('/')[^1], body);
        http.Response.ContentType = "application/x-protobuf";
    }

    private async Task TakeGrpcAsync(HttpContext http)
    {
        var body = await BodyAsync(http);
        Keys.Enqueue(http.Request.Headers["x-key"].ToString());
        Assert.Equal("application/grpc", http.Request.ContentType);
        // One message behind a byte for compression and its length.
        Assert.Equal(0, body.Span[0]);
        Assert.Equal(body.Length - 5, BinaryPrimitives.ReadInt32BigEndian(body.Span[1..]));
        string service = http.Request.Path.Value!;
        Take(service.Contains("TraceService") ? "traces" : service.Contains("MetricsService") ? "metrics" : "logs", body[5..]);
        http.Response.ContentType = "application/grpc";
        await http.Response.Body.WriteAsync(new byte[5]);
        http.Response.AppendTrailer("grpc-status", "0");
    }

    private static async Task<ReadOnlyMemory<byte>> BodyAsync(HttpContext http)
    {
        var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body);
        return body.ToArray();
    }

    private void Take(string signal, ReadOnlyMemory<byte> request)
    {
        foreach (var resource in new ProtoMessage(request).Messages(1))
        {
            foreach (var (key, value) in Attributes(resource.Message(1), 1)) Resource[key] = value;
            foreach (var item in resource.Messages(2).SelectMany(scope => scope.Messages(2)))
            {
                if (signal == "traces") Spans.Enqueue(Span(item));
                else if (signal == "logs") Logs.Enqueue(new OtlpLog(item.Message(5).Text(1), item.Text(3), item.Hex(9), item.Hex(10), Attributes(item, 6)));
                else Metrics.Enqueue(item.Text(1));
            }
        }
    }

    private static OtlpSpan Span(ProtoMessage s) => new(s.Hex(1), s.Hex(2), s.Hex(4), s.Text(5), (long)s.Number(6), s.Number(7), s.Number(8), Attributes(s, 9),
        [.. s.Messages(11).Select(e => (e.Text(2), Attributes(e, 3)))], (long)s.Message(15).Number(3));

    private static IReadOnlyDictionary<string, object> Attributes(ProtoMessage message, int field) =>
        message.Messages(field).ToDictionary(a => a.Text(1), a => a.Message(2) is var v && v.Has(1) ? v.Text(1) : v.Has(2) ? v.Number(2) == 1 : v.Has(3) ? (long)v.Number(3) : (object)BitConverter.UInt64BitsToDouble(v.Number(4)));
}

/// <summary>A message in the wire format of Protocol Buffers (https://protobuf.dev/programming-guides/encoding), read by field numbers.</summary>
internal sealed class ProtoMessage
{
    private readonly List<(int Field, ulong Number, ReadOnlyMemory<byte> Bytes)> _fields = [];

    public ProtoMessage(ReadOnlyMemory<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            ulong tag = Varint(ref bytes);
            int field = (int)(tag >> 3), length;
            switch (tag & 7)
            {
                case 0: _fields.Add((field, Varint(ref bytes), default)); continue;
                case 1: _fields.Add((field, BinaryPrimitives.ReadUInt64LittleEndian(bytes.Span), default)); length = 8; break;
                case 2:
                    length = (int)Varint(ref bytes);
                    _fields.Add((field, 0, bytes[..length]));
                    break;
                case 5: _fields.Add((field, BinaryPrimitives.ReadUInt32LittleEndian(bytes.Span), default)); length = 4; break;
                default: throw new FormatException($"wire type {tag & 7}");
            }
            bytes = bytes[length..];
        }
    }

    public bool Has(int field) => _fields.Exists(f => f.Field == field);
    public ulong Number(int field) => _fields.Find(f => f.Field == field).Number;
    public string Text(int field) => Encoding.UTF8.GetString(_fields.Find(f => f.Field == field).Bytes.Span);
    public string Hex(int field) => Convert.ToHexStringLower(_fields.Find(f => f.Field == field).Bytes.Span);
    public ProtoMessage Message(int field) => new(_fields.Find(f => f.Field == field).Bytes);
    public IEnumerable<ProtoMessage> Messages(int field) => _fields.Where(f => f.Field == field).Select(f => new ProtoMessage(f.Bytes));

    private static ulong Varint(ref ReadOnlyMemory<byte> bytes)
    {
        ulong value = 0;
        for (int i = 0; ; i++)
        {
            byte next = bytes.Span[i];
            value |= (ulong)(next & 0x7F) << (7 * i);
            if (next >= 0x80) continue;
            bytes = bytes[(i + 1)..];
            return value;
        }
    }
}
