using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Postern.Api;

/// <summary>Brings what <see cref="ApiDescription"/> put beside a route into the document: parameters, examples, refusals, and who may call it.</summary>
internal static class ApiOperations
{
    private const string Security = "token";

    public static Task TransformAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancel)
    {
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        operation.Parameters = [.. metadata.OfType<ApiParameter>().Select(Parameter)];
        foreach (var body in metadata.OfType<ApiBody>()) Body(operation, body);
        operation.Responses ??= [];
        foreach (var answer in metadata.OfType<ApiAnswer>()) Answer(operation.Responses, answer);
        var refusals = metadata.OfType<ApiRefusals>().SelectMany(r => r.Kinds);
        if (metadata.OfType<NeededRole>().LastOrDefault() is { } needed)
        {
            refusals = refusals.Concat([ProblemKind.Unauthenticated, ProblemKind.Forbidden, ProblemKind.CrossOrigin, ProblemKind.Throttled]);
            operation.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(Security, context.Document)] = [] }];
            string role = needed.Role.ToString().ToLowerInvariant();
            operation.Description = $"{operation.Description}{(operation.Description is null ? "" : " ")}Needs the role {role}.";
            operation.Extensions = new Dictionary<string, IOpenApiExtension> { ["x-postern-role"] = new JsonNodeExtension(JsonValue.Create(role)) };
        }
        refusals = refusals.Append(ProblemKind.WrongHost);
        if (context.Description.RelativePath?.StartsWith("api/", StringComparison.Ordinal) == true) refusals = refusals.Append(ProblemKind.Failed);
        var answers = metadata.OfType<ApiAnswer>().Select(a => a.Status).ToHashSet();
        foreach (var refusal in refusals.Distinct().GroupBy(k => ProblemTypes.Of(k).Status)) Refusals(operation.Responses, refusal.Key, answers.Contains(refusal.Key), [.. refusal], context.Document);
        return Task.CompletedTask;
    }

    public static Task TransformAsync(OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancel)
    {
        document.Info = new OpenApiInfo
        {
            Title = "Postern",
            Version = "1",
            Description = "An outbound SMTP relay that explains what it cannot deliver. Texts are UTF-8, times are UTC (RFC 3339), members without a value are left out, and members may be added. Every refusal is a problem (RFC 9457) that says how to mend it.",
            License = new OpenApiLicense { Name = "Apache-2.0", Identifier = "Apache-2.0" },
        };
        document.Servers = [new OpenApiServer { Url = "/" }];
        document.Components ??= new OpenApiComponents();
        document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
        {
            [Security] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", Description = "A token of the configuration. On loopback without tokens configured nothing is asked for." },
        };
        return Task.CompletedTask;
    }

    private static OpenApiParameter Parameter(ApiParameter parameter) => new()
    {
        Name = parameter.Name,
        In = parameter.In switch { ApiPlace.Path => ParameterLocation.Path, ApiPlace.Header => ParameterLocation.Header, _ => ParameterLocation.Query },
        Description = parameter.Description,
        Required = parameter.IsRequired,
        Schema = new OpenApiSchema
        {
            Type = parameter.Type switch { "integer" => JsonSchemaType.Integer, "boolean" => JsonSchemaType.Boolean, _ => JsonSchemaType.String },
            Format = parameter.Type == "integer" ? "int32" : null,
            Enum = parameter.Words.Count == 0 ? null : [.. parameter.Words.Select(w => (JsonNode)JsonValue.Create(w))],
            Minimum = parameter.Least?.ToString(CultureInfo.InvariantCulture),
            Maximum = parameter.Most?.ToString(CultureInfo.InvariantCulture),
        },
        Example = parameter.Example is not { } example ? null : parameter.Type == "string" ? JsonValue.Create(example) : JsonNode.Parse(example),
    };

    private static void Body(OpenApiOperation operation, ApiBody body)
    {
        var request = operation.RequestBody as OpenApiRequestBody ?? new OpenApiRequestBody();
        operation.RequestBody = request;
        request.Required = true;
        request.Description ??= body.Description;
        request.Content ??= new Dictionary<string, OpenApiMediaType>();
        Fill(request.Content, body.ContentType, body.Contract is null, body.Example);
    }

    private static void Answer(OpenApiResponses responses, ApiAnswer answer)
    {
        string status = Word(answer.Status);
        if (!responses.TryGetValue(status, out var found) || found is not OpenApiResponse response) responses[status] = response = new OpenApiResponse();
        response.Description = answer.Description;
        response.Content ??= new Dictionary<string, OpenApiMediaType>();
        Fill(response.Content, answer.ContentType, answer.Contract is null, answer.Example);
        foreach (var (name, description) in answer.Headers)
        {
            response.Headers ??= new Dictionary<string, IOpenApiHeader>();
            response.Headers[name] = new OpenApiHeader { Description = description, Schema = new OpenApiSchema { Type = JsonSchemaType.String } };
        }
    }

    private static void Fill(IDictionary<string, OpenApiMediaType> content, string contentType, bool isText, string? example)
    {
        if (!content.TryGetValue(contentType, out var media)) content[contentType] = media = new OpenApiMediaType();
        bool isJson = contentType.EndsWith("json", StringComparison.Ordinal);
        if (isText) media.Schema = isJson ? new OpenApiSchema { Type = JsonSchemaType.Object } : new OpenApiSchema { Type = JsonSchemaType.String };
        if (example is not null) media.Example = isJson ? JsonNode.Parse(example) : JsonValue.Create(example);
    }

    /// <summary>Several kinds may share a status; each is an example.</summary>
    private static void Refusals(OpenApiResponses responses, int status, bool isAlsoAnswer, IReadOnlyList<ProblemKind> kinds, OpenApiDocument? document)
    {
        var types = kinds.Select(ProblemTypes.Of).ToList();
        string words = string.Join("; ", types.Select(t => $"{t.Word}: {char.ToLowerInvariant(t.Title[0])}{t.Title[1..]}")) + ".";
        if (!responses.TryGetValue(Word(status), out var found) || found is not OpenApiResponse response) responses[Word(status)] = response = new OpenApiResponse();
        response.Description = isAlsoAnswer ? $"{response.Description} Or {words}" : words;
        response.Content ??= new Dictionary<string, OpenApiMediaType>();
        response.Content["application/problem+json"] = new OpenApiMediaType
        {
            Schema = new OpenApiSchemaReference("Problem", document),
            Examples = types.ToDictionary(t => t.Word, IOpenApiExample (t) => new OpenApiExample { Summary = t.Title, Value = new JsonObject { ["type"] = t.Uri, ["title"] = t.Title, ["status"] = t.Status, ["detail"] = "What is wrong this time.", ["mend"] = "What to do about it." } }),
        };
    }

    private static string Word(int status) => status.ToString(CultureInfo.InvariantCulture);
}
