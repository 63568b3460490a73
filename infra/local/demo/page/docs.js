// Shows openapi.json. The page's policy allows requests to this server and to its API alone.
Scalar.createApiReference("#reference", {
  url: "openapi.json",
  proxyUrl: "",
  withDefaultFonts: false,
  telemetry: false,
  persistAuth: false,
  hideClientButton: true,
  showDeveloperTools: "never",
  agent: { disabled: true },
  mcp: { disabled: true },
  defaultOpenAllTags: true,
  documentDownloadType: "json",
  defaultHttpClient: { targetKey: "shell", clientKey: "curl" },
  hiddenClients: {
    c: true, clojure: true, csharp: true, dart: true, fsharp: true, go: true, http: true, java: true, julia: true, kotlin: true,
    objc: true, ocaml: true, php: true, powershell: true, r: true, ruby: true, rust: true, swift: true,
    js: ["axios", "jquery", "ofetch", "xhr"],
    node: true,
    python: ["aiohttp", "httpx_async", "python3"],
    shell: ["httpie", "wget"],
  },
  authentication: { preferredSecurityScheme: "Bearer" },
});
