using System.IO.Compression;
using System.Text.Json;
using System.Text.Json.Serialization;
using Postern.Diagnosis.Evidence;

namespace Postern.Core.Queue.Embedded;

/// <summary>Evidence as compressed JSON: an attempt's transcript shrinks to a fifth or less, and it is written again with every later attempt.</summary>
internal static class EvidenceCodec
{
    /// <summary>Far above what the bounds of <see cref="AttemptEvidence"/> allow.</summary>
    private const int MaxJsonBytes = 4 << 20;

    public static byte[] Compress(AttemptEvidence evidence)
    {
        using var compressed = new MemoryStream();
        using (var deflate = new DeflateStream(compressed, CompressionLevel.Fastest))
            JsonSerializer.Serialize(deflate, evidence, EvidenceJson.Default.AttemptEvidence);
        return compressed.ToArray();
    }

    /// <summary>Null when the bytes are no evidence: it is lost, the message is not.</summary>
    public static AttemptEvidence? Expand(byte[] compressed)
    {
        try
        {
            using var deflate = new DeflateStream(new MemoryStream(compressed), CompressionMode.Decompress);
            using var json = new MemoryStream();
            byte[] block = new byte[16 << 10];
            for (int read; (read = deflate.Read(block)) > 0;)
            {
                if (json.Length + read > MaxJsonBytes) return null;
                json.Write(block, 0, read);
            }
            return JsonSerializer.Deserialize(json.GetBuffer().AsSpan(0, (int)json.Length), EvidenceJson.Default.AttemptEvidence);
        }
        catch (Exception error) when (error is JsonException or InvalidDataException or ArgumentException or FormatException)
        {
            return null;
        }
    }
}

[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, Converters = [typeof(SmtpReplyConverter)])]
[JsonSerializable(typeof(AttemptEvidence))]
internal sealed partial class EvidenceJson : JsonSerializerContext;
