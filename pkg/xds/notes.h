// From what units say to the notes of a view. Used by the pipeline and by render, so that both tell the same.
#pragma once

#include <string>
#include <vector>

#include "pkg/xds/cache.h"
#include "pkg/xds/units.h"

namespace kuma::xds {

// What is kept of a unit's output beside its resources.
struct UnitNotes {
  std::vector<Warning> warnings;
  std::vector<std::string> patched;  // names of resources
  Json telemetry;
};

UnitNotes NotesOf(const UnitOutput& output);

class NotesBuilder {
 public:
  // `proxy`: KRI of the resource that warnings without one are about.
  explicit NotesBuilder(std::string proxy) : proxy_(std::move(proxy)) {}
  void Add(const Unit& unit, const UnitNotes& generated);
  ViewNotes Finish() { return std::move(notes_); }

 private:
  void Add(const Warning& warning);
  std::string proxy_;
  ViewNotes notes_;
};

}  // namespace kuma::xds
