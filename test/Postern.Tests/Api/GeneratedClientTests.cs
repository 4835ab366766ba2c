using System.Reflection;
using System.Runtime.Loader;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using NJsonSchema.CodeGeneration.CSharp;
using NSwag;
using NSwag.CodeGeneration.CSharp;

namespace Postern.Tests.Api;

/// <summary>The document is good enough to make a typed client of: a generator makes one, a compiler compiles it, and it talks to a running relay.</summary>
public sealed class GeneratedClientTests : IDisposable
{
    /// <summary>What somebody would write who has only the document.</summary>
    private const string Program = """
        using System.Linq;
        using System.Threading.Tasks;

        namespace Generated
        {
            public static class Program
            {
                public static async Task<string> RunAsync(System.Net.Http.HttpClient http)
                {
                    var client = new PosternClient(http);
                    var message = new Message { From = "app@example.org", Subject = "Hello", Text = "hello" };
                    message.To = new[] { "ann@example.net", "ben@example.net" };
                    Accepted sent = await client.SendMessageAsync("key-1", null, null, null, null, message);
                    QueuePage page = await client.ListQueueAsync(null, "ann", null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, Order.Newest, 10, null, true);
                    QueueItem found = page.Messages.Single();
                    QueueDetails details = await client.GetMessageAsync(found.Id);
                    QueueActionResult held = await client.ActOnQueueAsync(null, null, new QueueAction { Action = "hold", Ids = new[] { sent.Id } });
                    // While the message is just being tried, it is held when that is over.
                    Status status = await client.GetStatusAsync();
                    for (int i = 0; status.Queue.Held == 0 && i < 500; i++) { await Task.Delay(20); status = await client.GetStatusAsync(); }
                    string problem = "none";
                    try { await client.GetMessageAsync("nonsense"); }
                    catch (ApiException<Problem> e) { problem = e.Result.Status + " " + e.Result.Detail; }
                    return $"{sent.Id == found.Id} {page.Total.Messages} {details.Recipients.Count} {held.State} {held.Messages} {status.Queue.Held} {problem}";
                }
            }
        }
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("postern-client-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_client_made_from_the_document_sends_searches_acts_and_reads_problems()
    {
        await using var relay = await ApiRelay.StartAsync(_folder);
        var document = await OpenApiDocument.FromJsonAsync(await relay.Http.GetStringAsync("api/v1/openapi.json"));
        var settings = new CSharpClientGeneratorSettings { ClassName = "PosternClient", InjectHttpClient = true, UseBaseUrl = false, GenerateOptionalParameters = false };
        settings.CSharpGeneratorSettings.Namespace = "Generated";
        settings.CSharpGeneratorSettings.JsonLibrary = CSharpJsonLibrary.SystemTextJson;
        settings.CSharpGeneratorSettings.GenerateOptionalPropertiesAsNullable = true;
        var client = Compile(new CSharpClientGenerator(document, settings).GenerateFile());
        var run = client.GetType("Generated.Program")!.GetMethod("RunAsync")!;
        Assert.Equal("True 1 2 done 1 1 400 not a queue id: nonsense", await (Task<string>)run.Invoke(null, [relay.Http])!);
    }

    private static Assembly Compile(string client)
    {
        var references = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator).Select(p => MetadataReference.CreateFromFile(p));
        var compilation = CSharpCompilation.Create("GeneratedClient", [CSharpSyntaxTree.ParseText(client), CSharpSyntaxTree.ParseText(Program)], references, new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary));
        using var code = new MemoryStream();
        var result = compilation.Emit(code);
        Assert.True(result.Success, string.Join('\n', result.Diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error).Take(10)) + "\n" + client[..Math.Min(4000, client.Length)]);
        code.Position = 0;
        return AssemblyLoadContext.Default.LoadFromStream(code);
    }
}
