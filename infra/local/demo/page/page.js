// The demo page: shows the token's record and its conversations, and starts the widget with the token.

const at = (id) => document.getElementById(id);

/** An element with this text. Visitors' text is never HTML. */
function element(name, text, className = "") {
  const made = document.createElement(name);
  made.textContent = text;
  made.className = className;
  return made;
}

async function read(path) {
  const response = await fetch(path);
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  return answer;
}

const when = (text) => new Date(text).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
const many = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;

function showToken(token) {
  const isExpired = token.expiresAt && new Date(token.expiresAt) <= new Date();
  at("status").textContent = isExpired ? "expired" : token.isActive ? "active" : "switched off";
  at("status").classList.toggle("good", token.isActive && !isExpired);
  at("status").hidden = false;

  const limits = [
    [token.rateLimitPerMinute, "messages per address and minute"],
    [token.rateLimitPerHour, "messages per address and hour"],
    [token.maxMessagesPerSession, "messages per session"],
    [token.sessionIdleTimeoutMinutes, "minutes until an idle session ends"],
  ];
  at("limits").replaceChildren(...limits.map(([figure, unit]) => {
    const limit = document.createElement("li");
    limit.append(element("strong", figure), element("span", unit));
    return limit;
  }));

  const facts = [
    ["Token", `${token.name}, ${token.environment}, ends in ${token.tokenHint}`],
    ["Allowed origins", token.allowedOrigins.join("\n")],
    ["Flows and agents", [...token.flowIds, ...token.agentIds].join(", ") || "none"],
    ["Expires", token.expiresAt ? when(token.expiresAt) : "never"],
    ["Used", `${many(token.conversationCount, "conversation")}, ${token.lastUsedAt ? `last ${when(token.lastUsedAt)}` : "not yet"}`],
  ];
  at("facts").replaceChildren(...facts.flatMap(([name, value]) => [element("dt", name), element("dd", value)]));
}

function showConversations(conversations) {
  at("nobody").hidden = conversations.length > 0;
  at("conversations").replaceChildren(...conversations.map((conversation) => {
    const line = document.createElement("li");
    line.append(
      element("span", conversation.firstMessage, "said"),
      element("small", many(conversation.messageCount, "message")),
      element("small", when(conversation.updatedAt)),
    );
    return line;
  }));
}

async function refresh() {
  try {
    const { token, conversations } = await read("token.json");
    showTrouble("record", "");
    showToken(token);
    showConversations(conversations);
  } catch (error) {
    showTrouble("record", error.message);
  }
}

// The record is read again and again. If that succeeds, a chat that could not start still has not.
const troubles = { record: "", chat: "" };

function showTrouble(part, message) {
  troubles[part] = message;
  at("trouble").textContent = Object.values(troubles).filter(Boolean).join(" ");
  at("trouble").hidden = !at("trouble").textContent;
}

function showEmbed({ installer, apiUrl, clientToken }) {
  const words = "<script>window.siteAgentConfig = {config: {errorMessage: (error) => error.message}}</script>";
  const tag = `${words}\n<script src="${installer}"\n  data-api-url="${apiUrl}"\n  data-runtype-token="${clientToken}"></script>`;
  at("embed").textContent = tag;
  at("copy").addEventListener("click", async () => {
    await navigator.clipboard.writeText(tag);
    at("copy").textContent = "Copied";
  });
}

function openChat({ apiUrl, clientToken }) {
  if (!window.AgentWidget) throw new Error("The chat widget could not be loaded. npm fetches it once into .local/widget; until then, it comes from cdn.jsdelivr.net. Connect this machine to the internet or to an npm registry, start make run again, and reload this page.");
  const chat = window.AgentWidget.initAgentWidget({
    target: "#chat",
    windowKey: "chat",
    config: {
      apiUrl,
      clientToken,
      // Show the service's own sentence, not the widget's about a backend that cannot be reached.
      errorMessage: (error) => error.message,
      launcher: { enabled: false, fullHeight: true, title: "Your assistant", subtitle: "Reached with a client token alone" },
      // The token's own welcome message is shown instead.
      welcome: { variant: "none" },
      suggestions: { starters: { items: [] } },
      messageActions: { enabled: true, showCopy: true, showUpvote: true, showDownvote: true },
      onSessionInit: refresh,
    },
  });
  chat.on("assistant:complete", refresh);
}

// The token is changed elsewhere, such as in a terminal: show its state when the page is visible again.
window.addEventListener("focus", refresh);
refresh();
try {
  const embed = await read("embed.json");
  showEmbed(embed);
  openChat(embed);
} catch (error) {
  showTrouble("chat", error.message);
}
