// Names and numbers of the protocol. Specification: modelcontextprotocol.io, revisions 2024-11-05
// to 2026-07-28. "Legacy" is what opens with initialize, "modern" carries its metadata on every
// request (2026-07-28, basic/versioning).
#pragma once

#include <array>
#include <string_view>

namespace mcpo::mcp {

enum class Era { legacy, modern };

inline constexpr std::string_view kVersion2024_11 = "2024-11-05";
inline constexpr std::string_view kVersion2025_03 = "2025-03-26";
inline constexpr std::string_view kVersion2025_06 = "2025-06-18";
inline constexpr std::string_view kVersion2025_11 = "2025-11-25";
inline constexpr std::string_view kVersion2026_07 = "2026-07-28";

inline constexpr std::array kLegacyVersions{kVersion2024_11, kVersion2025_03, kVersion2025_06,
                                            kVersion2025_11};  // oldest first
inline constexpr std::array kModernVersions{kVersion2026_07};

bool is_legacy_version(std::string_view version);
bool is_modern_version(std::string_view version);

// JSON-RPC 2.0 and MCP error codes.
inline constexpr int kParseError = -32700;
inline constexpr int kInvalidRequest = -32600;
inline constexpr int kMethodNotFound = -32601;
inline constexpr int kInvalidParams = -32602;
inline constexpr int kInternalError = -32603;
inline constexpr int kHeaderMismatch = -32020;
inline constexpr int kMissingCapability = -32021;
inline constexpr int kUnsupportedVersion = -32022;

inline constexpr std::string_view kMetaProtocolVersion = "io.modelcontextprotocol/protocolVersion";
inline constexpr std::string_view kMetaClientInfo = "io.modelcontextprotocol/clientInfo";
inline constexpr std::string_view kMetaClientCapabilities =
    "io.modelcontextprotocol/clientCapabilities";
inline constexpr std::string_view kMetaServerInfo = "io.modelcontextprotocol/serverInfo";
inline constexpr std::string_view kMetaSubscriptionId = "io.modelcontextprotocol/subscriptionId";
inline constexpr std::string_view kMetaLogLevel = "io.modelcontextprotocol/logLevel";

// Ours, on initialize and discover results: a random value per process, so that an optimizer which
// reaches itself through any detour recognises itself.
inline constexpr std::string_view kMetaInstance = "mcp-optimizer/instance";

}  // namespace mcpo::mcp
