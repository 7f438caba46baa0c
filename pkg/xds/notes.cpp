#include "pkg/xds/notes.h"

namespace kuma::xds {

UnitNotes NotesOf(const UnitOutput& output) {
  UnitNotes notes;
  notes.warnings = output.warnings;
  notes.telemetry = output.telemetry;
  for (const OutputResource& resource : output.resources) {
    if (resource.patched) notes.patched.push_back(resource.name);
  }
  return notes;
}

void NotesBuilder::Add(const Warning& warning) {
  notes_.warnings.push_back(warning);
  if (warning.resource.empty()) notes_.warnings.back().resource = proxy_;
}

void NotesBuilder::Add(const Unit& unit, const UnitNotes& generated) {
  for (const Warning& warning : unit.warnings) Add(warning);
  for (const Warning& warning : generated.warnings) Add(warning);
  if (!generated.telemetry.is_null()) notes_.telemetry = generated.telemetry;
  for (const std::string& name : generated.patched) notes_.patched_by[name] = unit.patched_by;
}

}  // namespace kuma::xds
