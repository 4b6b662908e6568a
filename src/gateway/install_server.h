// install_server: from a model's arguments to an installation, its progress, and an answer that
// says how to go on (drop-in section 1).
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "install/installer.h"
#include "mcp/request_context.h"
#include "mcp/server_features.h"

namespace mcpo::gateway {

inline constexpr std::string_view kInstallServer = "install_server";
// The tool as tools/list shows it: one JSON object.
extern const std::string_view kInstallServerDefinition;

// Errors: invalid. No text holds a value out of env or secrets.
Result<install::InstallRequest> read_install_server_arguments(RawJson arguments);

// {"content":[...],"structuredContent":{workload, status, tools, ...}}; isError when ToolHive could
// not start it.
std::string install_server_result(const install::InstallResult& installed);

// On the I/O thread. Borrows the installer.
class InstallServer {
 public:
  explicit InstallServer(install::Installer& installer) : installer_(installer) {}

  // `arguments` is read before anything is awaited. Fails only with cancelled (the installation
  // goes on); everything else is a result with isError that says what to do.
  async::Task<mcp::ToolCallResult> run(RawJson arguments, mcp::RequestContext ctx);

 private:
  install::Installer& installer_;
};

}  // namespace mcpo::gateway
