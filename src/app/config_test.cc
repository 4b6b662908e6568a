#include "app/config.h"

#include <gtest/gtest.h>

#include "app/command_line.h"
#include "app/compose.h"
#include "app/output.h"
#include "app/table.h"

namespace mcpo::app {
namespace {

using Variables = std::map<std::string, std::string>;

Result<ConfigResult> made(Variables flags, Variables variables = {}) {
  return make_config(flags, [variables](const std::string& name) -> std::optional<std::string> {
    const auto it = variables.find(name);
    return it == variables.end() ? std::nullopt : std::optional(it->second);
  });
}

TEST(Config, FlagBeatsEnvironmentBeatsDefault) {
  EXPECT_EQ(made({})->config.port, 9900);
  EXPECT_EQ(made({}, {{"MCP_PORT", "2000"}})->config.port, 2000);
  EXPECT_EQ(made({{"mcp-port", "3000"}}, {{"MCP_PORT", "2000"}})->config.port, 3000);
  EXPECT_EQ(made({}, {{"MCP_PORT", ""}})->config.port, 9900);
}

TEST(Config, WrongValueNamesOptionValueAndRange) {
  const auto flag = made({{"max-tools-to-return", "51"}}).error();
  EXPECT_EQ(flag.message,
            "--max-tools-to-return: given was \"51\"; allowed is a whole number, 1 to 50; the "
            "default is 8");
  const auto variable = made({}, {{"MCP_PORT", "80"}}).error();
  EXPECT_EQ(variable.message,
            "MCP_PORT (--mcp-port): given was \"80\"; allowed is a port, 1024 to 65535, or 0 for "
            "any free one; the default is 9900");
}

TEST(Config, ARefusedValueShowsNoPassword) {
  const std::string url = "postgresql://ada:s3cret@db.example/x?sslkey=s3cret";
  for (const char* name : {"DB_URL", "ASYNC_DB_URL"}) {
    const auto refused = made({}, {{name, url}});
    ASSERT_FALSE(refused.has_value());
    const std::string& text = refused.error().message;
    EXPECT_NE(text.find("postgresql://db.example/x"), std::string::npos) << text;
    EXPECT_EQ(text.find("s3cret"), std::string::npos) << text;
  }
  const auto service = made({{"embedding-service-url", "ada:s3cret@host"}}, {});
  EXPECT_EQ(service.error().message.find("s3cret"), std::string::npos) << service.error().message;
}

TEST(Config, EveryDefaultIsAllowedAndEveryOptionRefusesRubbish) {
  for (const OptionInfo& info : option_infos()) {
    EXPECT_FALSE(info.help.empty() || info.allowed.empty() || info.env.empty()) << info.flag;
    const bool takes_anything = info.allowed.starts_with("a file") ||
                                info.allowed.starts_with("a folder") ||
                                info.allowed.starts_with("a comma") ||
                                info.allowed.starts_with("a bearer") || info.flag == "host";
    EXPECT_EQ(made({{info.flag, "rubb ish"}}).has_value(), takes_anything) << info.flag;
    const bool literal = info.fallback.find(' ') == std::string::npos && info.fallback[0] != '~';
    if (literal && !info.fallback.empty()) {
      EXPECT_TRUE(made({{info.flag, info.fallback}}).has_value()) << info.flag;
    }
  }
}

TEST(Config, AServiceThatCannotBeAskedStopsTheStart) {
  EXPECT_TRUE(made({{"embedding-service-url", "https://host:8080/v1?key=x"}}));
  for (const char* url : {"http://", "http://host:99999/", "ftp://host/", "host:80"}) {
    EXPECT_FALSE(made({{"embedding-service-url", url}})) << url;
  }
  const auto secret = made({{"embedding-service-url", "http://me:open@host:0/v1?key=sesame"}});
  ASSERT_FALSE(secret);
  const std::string& text = secret.error().message;
  EXPECT_NE(text.find("allowed is an http or"), std::string::npos) << text;
  EXPECT_EQ(text.find("open"), std::string::npos) << text;
  EXPECT_EQ(text.find("sesame"), std::string::npos) << text;
  EXPECT_NE(text.find("\"http://host:0/v1?***\""), std::string::npos) << text;
}

TEST(Config, FoldersFollowTheXdgRules) {
  const auto plain = made({}, {{"HOME", "/home/ada"}})->config;
  EXPECT_EQ(plain.config_path, "/home/ada/.config/mcp-optimizer/mcp.json");
  EXPECT_EQ(plain.database_path, "/home/ada/.local/share/mcp-optimizer/catalog.db");
  const auto xdg = made({}, {{"XDG_DATA_HOME", "/d"}, {"XDG_CONFIG_HOME", "/c"}})->config;
  EXPECT_EQ(xdg.config_path, "/c/mcp-optimizer/mcp.json");
  EXPECT_EQ(xdg.data_dir, "/d/mcp-optimizer");
}

TEST(Config, DatabaseUrls) {
  EXPECT_EQ(made({{"db-url", "sqlite:////var/x.db"}})->config.database_path, "/var/x.db");
  EXPECT_EQ(made({}, {{"DB_URL", "sqlite+aiosqlite:///x.db"}})->config.database_path, "x.db");
  EXPECT_FALSE(made({{"db-url", "mysql://x"}}).has_value());
  EXPECT_FALSE(made({}, {{"DB_URL", "sqlite:///a"}, {"ASYNC_DB_URL", "sqlite:///b"}}).has_value());
  EXPECT_TRUE(
      made({}, {{"DB_URL", "sqlite:///a"}, {"ASYNC_DB_URL", "sqlite+aiosqlite:///a"}}).has_value());
}

TEST(Config, ListsAndSwitches) {
  EXPECT_EQ(made({{"allowed-hosts", "a, b,,c"}})->config.allowed_hosts,
            (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_TRUE(made({}, {{"MCPO_STDIO", "Yes"}})->config.stdio);
  EXPECT_FALSE(made({{"stdio", "maybe"}}).has_value());
}

TEST(Config, ToolHivesPlaceIsOneAndItsRangeHasAnEnd) {
  EXPECT_FALSE(made({{"toolhive-port", "8080"}, {"toolhive-socket", "/x.sock"}}).has_value());
  EXPECT_FALSE(made({}, {{"TOOLHIVE_START_PORT_SCAN", "50100"}}).has_value());
  EXPECT_EQ(made({}, {{"TOOLHIVE_INITIAL_BACKOFF", "0.5"}})->config.toolhive_initial_backoff,
            Millis(500));
  EXPECT_FALSE(made({}, {{"TOOLHIVE_INITIAL_BACKOFF", "0.01"}}).has_value());
}

TEST(Config, ToolHivesHostIsAHostAlone) {
  for (const char* wrong :
       {"http://127.0.0.1", "127.0.0.1:8080", "ada:pw@host", "a b", "/x.sock"}) {
    EXPECT_FALSE(made({{"toolhive-host", wrong}}).has_value()) << wrong;
  }
  EXPECT_EQ(made({{"toolhive-host", "[::1]"}})->config.toolhive_host, "::1");
  EXPECT_EQ(made({{"toolhive-host", " host.docker.internal "}})->config.toolhive_host,
            "host.docker.internal");
}

TEST(Config, AFlagForToolHivesPlaceOutranksAVariableForTheOther) {
  const auto socket = made({{"toolhive-socket", "/x.sock"}}, {{"TOOLHIVE_PORT", "8080"}});
  ASSERT_TRUE(socket.has_value());
  EXPECT_EQ(socket->config.toolhive_socket, "/x.sock");
  EXPECT_EQ(socket->config.toolhive_port, 0);
  const auto port = made({{"toolhive-port", "8080"}}, {{"MCPO_TOOLHIVE_SOCKET", "/x.sock"}});
  ASSERT_TRUE(port.has_value());
  EXPECT_EQ(port->config.toolhive_socket, "");
  EXPECT_EQ(port->config.toolhive_port, 8080);
  EXPECT_FALSE(
      made({}, {{"TOOLHIVE_PORT", "8080"}, {"MCPO_TOOLHIVE_SOCKET", "/x.sock"}}).has_value());
}

TEST(Config, AShorterLongestWaitDoesNotStopTheStart) {
  const auto short_maximum =
      made({}, {{"TOOLHIVE_INITIAL_BACKOFF", "10"}, {"TOOLHIVE_MAX_BACKOFF", "1"}});
  ASSERT_TRUE(short_maximum.has_value());
  EXPECT_EQ(short_maximum->config.toolhive_max_backoff, Millis(10'000));
  EXPECT_EQ(short_maximum->notes.size(), 1u);
}

TEST(Config, OnlyFiniteNumbersAreNumbers) {
  for (const char* odd : {"nan", "inf", "-inf", "NAN", "infinity"}) {
    EXPECT_FALSE(made({}, {{"TOOLHIVE_INITIAL_BACKOFF", odd}}).has_value()) << odd;
    EXPECT_FALSE(made({}, {{"HYBRID_SEARCH_SEMANTIC_RATIO", odd}}).has_value()) << odd;
  }
}

TEST(Config, ALoneStarIsEveryGroup) {
  EXPECT_TRUE(made({}, {{"ALLOWED_GROUPS", " * "}})->config.allowed_groups.empty());
  EXPECT_EQ(made({}, {{"ALLOWED_GROUPS", "team, *"}})->config.allowed_groups,
            (std::vector<std::string>{"team", "*"}));
}

std::size_t sources_of(Variables variables) {
  variables.emplace("MCPO_CONFIG", "");
  variables.emplace("HOME", "/nowhere");
  return source_instances(made({}, variables)->config).size();
}

TEST(Config, ToolHiveIsLookedForByModeUnlessItIsSaid) {
  EXPECT_EQ(sources_of({}), 1u);
  EXPECT_EQ(sources_of({{"RUNTIME_MODE", "k8s"}}), 0u);
  EXPECT_EQ(sources_of({{"RUNTIME_MODE", "k8s"}, {"TOOLHIVE_PORT", "8080"}}), 1u);
  EXPECT_EQ(sources_of({{"RUNTIME_MODE", "k8s"}, {"MCPO_TOOLHIVE", "true"}}), 1u);
  EXPECT_EQ(sources_of({{"MCPO_TOOLHIVE", "false"}}), 0u);
  EXPECT_EQ(sources_of({{"MCPO_TOOLHIVE", "false"}, {"TOOLHIVE_PORT", "8080"}}), 0u);
}

TEST(Config, SkippedWorkloadsCanBeEmptied) {
  EXPECT_EQ(made({})->config.skipped_workloads.size(), 3U);
  EXPECT_TRUE(made({}, {{"SKIPPED_WORKLOADS", "none"}})->config.skipped_workloads.empty());
  EXPECT_EQ(made({}, {{"SKIPPED_WORKLOADS", " a,b "}})->config.skipped_workloads,
            (std::vector<std::string>{"a", "b"}));
}

TEST(Config, ModesAndWeights) {
  EXPECT_EQ(made({}, {{"RUNTIME_MODE", "K8S"}})->config.docker_mode, false);
  EXPECT_FALSE(made({{"runtime-mode", "podman"}}).has_value());
  EXPECT_EQ(made({{"hybrid-search-semantic-ratio", "0"}})->config.semantic_share, 0);
  EXPECT_FALSE(made({{"hybrid-search-semantic-ratio", "1.1"}}).has_value());
}

TEST(Config, OptionsWithoutEffectAreTold) {
  EXPECT_EQ(made({}, {{"RELOAD_SERVER", "1"}})->notes,
            std::vector<std::string>{"RELOAD_SERVER has no effect here"});
  EXPECT_EQ(made({}, {{"REGISTRY_INGESTION_BATCH_SIZE", "7"}})->notes.size(), 1u);
}

CommandLine line(std::vector<std::string> arguments) {
  auto parsed = parse_command_line(arguments);
  EXPECT_TRUE(parsed.has_value()) << parsed.error().message;
  return parsed.value_or(CommandLine{});
}

TEST(CommandLine, OptionsMayStandAnywhere) {
  const auto after = line({"serve", "--port", "5000", "--stdio", "--config=x.json"});
  EXPECT_EQ(after.command, Command::serve);
  EXPECT_EQ(after.options, (std::map<std::string, std::string>{
                               {"mcp-port", "5000"}, {"stdio", "true"}, {"config", "x.json"}}));
  EXPECT_EQ(line({"--stdio", "servers", "--json"}).command, Command::servers);
  EXPECT_EQ(line({}).command, Command::serve);
}

TEST(CommandLine, CommandsHaveTheirOwnArguments) {
  const auto search = line({"search", "create an issue", "--explain", "--limit", "3"});
  EXPECT_EQ(search.words, "create an issue");
  EXPECT_TRUE(search.explain);
  EXPECT_EQ(search.limit, 3u);
  EXPECT_EQ(line({"tools", "--server", "github"}).server, "github");
  EXPECT_EQ(line({"--version"}).command, Command::version);
}

TEST(CommandLine, MistakesAreNamedWithWhatIsNear) {
  const auto option = parse_command_line({"serve", "--prot", "1"});
  ASSERT_FALSE(option.has_value());
  EXPECT_NE(option.error().message.find("did you mean --port"), std::string::npos)
      << option.error().message;
  const auto longer = parse_command_line({"serve", "--toolhive-sockt=/run/thv.sock"});
  ASSERT_FALSE(longer.has_value());
  EXPECT_NE(longer.error().message.find("did you mean --toolhive-socket?"), std::string::npos)
      << longer.error().message;
  EXPECT_FALSE(parse_command_line({"serv"}).has_value());
  EXPECT_FALSE(parse_command_line({"search"}).has_value());
  EXPECT_FALSE(parse_command_line({"serve", "--port"}).has_value());
}

TEST(CommandLine, HelpNamesEveryOption) {
  const auto help = line({"--help"});
  EXPECT_EQ(help.command, Command::help);
  for (const OptionInfo& info : option_infos()) {
    EXPECT_NE(help.help.find("--" + info.flag), std::string::npos) << info.flag;
    EXPECT_NE(help.help.find(info.env), std::string::npos) << info.env;
  }
}

TEST(Table, ColumnsAreAsWideAsNeeded) {
  EXPECT_EQ(render_table({"A", "B"}, {{"é", "x"}, {"long", ""}}), "A     B\né     x\nlong\n");
}

TEST(Table, NobodysTextEndsARowOrSteersTheTerminal) {
  EXPECT_EQ(render_table({"A", "B"}, {{"x\n\x1b[2J",
                                       "a\xc2\x9b"
                                       "1m\x7f"}}),
            "A       B\nx  [2J  a 1m\n");
  EXPECT_EQ(printable("Zürich \xc2\xa0"), "Zürich \xc2\xa0");
}

}  // namespace
}  // namespace mcpo::app
