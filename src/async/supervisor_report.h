// What the supervisor tells the process that started it; private to process.cc and supervisor.cc.
#pragma once

namespace mcpo::async {

// Written whole to the status pipe, in the byte order of the machine.
struct SupervisorReport {
  enum class Kind : int { started = 1, exited = 2 };
  Kind kind{};
  int value = 0;  // started: the child's pid, which is its group; exited: as from waitpid(2)
};

}  // namespace mcpo::async
