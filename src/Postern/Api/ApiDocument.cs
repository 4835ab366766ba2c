using System.Text.Json;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Postern.Api;

/// <summary>The API's own description (OpenAPI 3.1), made from what stands beside each route when it is first asked for, and kept then.</summary>
internal sealed class ApiDocument(IServiceProvider services)
{
    public const string Path = "/api/v1/openapi.json";
    private const string Name = "v1";

    private readonly Lock _lock = new();
    private Task<byte[]>? _document;

    public static void AddServices(IServiceCollection services)
    {
        services.AddSingleton<ApiDocument>();
        services.ConfigureHttpJsonOptions(json =>
        {
            var ours = ApiJson.Default.Options;
            json.SerializerOptions.PropertyNamingPolicy = ours.PropertyNamingPolicy;
            json.SerializerOptions.DefaultIgnoreCondition = ours.DefaultIgnoreCondition;
            json.SerializerOptions.TypeInfoResolver = ApiJson.Default;
            foreach (var converter in ours.Converters) json.SerializerOptions.Converters.Add(converter);
        });
        services.AddOpenApi(Name, options =>
        {
            options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
            options.CreateSchemaReferenceId = type => OpenApiOptions.CreateDefaultSchemaReferenceId(type) is { } id ? id.EndsWith("Contract", StringComparison.Ordinal) ? id[..^"Contract".Length] : id : null;
            options.AddSchemaTransformer(ApiSchemas.TransformAsync);
            options.AddOperationTransformer(ApiOperations.TransformAsync);
            options.AddDocumentTransformer(ApiOperations.TransformAsync);
        });
    }

    public void Map(IEndpointRouteBuilder routes) => routes.MapGet(Path, (RequestDelegate)ServeAsync).Needs(ApiRole.Read)
        .Describe("getOpenApi", "Relay", "This document")
        .GivesText("application/json", "The document, OpenAPI 3.1.", """{"openapi":"3.1.2"}""");

    /// <summary>As it is served.</summary>
    public Task<byte[]> BytesAsync()
    {
        lock (_lock) return _document ??= MakeAsync();
    }

    private async Task ServeAsync(HttpContext http)
    {
        byte[] document = await BytesAsync();
        http.Response.ContentType = "application/json; charset=utf-8";
        http.Response.ContentLength = document.Length;
        await http.Response.Body.WriteAsync(document, http.RequestAborted);
    }

    private async Task<byte[]> MakeAsync()
    {
        var document = await services.GetRequiredKeyedService<IOpenApiDocumentProvider>(Name).GetOpenApiDocumentAsync(CancellationToken.None);
        using var json = new MemoryStream();
        await document.SerializeAsync(json, OpenApiSpecVersion.OpenApi3_1, OpenApiConstants.Json, CancellationToken.None);
        return json.ToArray();
    }
}
