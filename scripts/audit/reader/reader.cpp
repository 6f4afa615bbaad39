// SPDX-License-Identifier: GPL-2.0
//
// reader STRUCTURE,... SOURCE ARGUMENT...: prints the accesses to fields of these structures in a translation unit, and the calls.
// The arguments are the compiler's. Tabs separate the parts of a line:
//
//   A FIELD FUNCTION FILE LINE COLUMN read|write|read-write|address volatile|data_race|"" SHAPE OBJECT HELD   an access
//   C FUNCTION CALLEE FILE LINE OBJECT;... HELD   a call of network code, with the objects of its arguments
//   F FUNCTION FILE PARAMETER;...                 a function of network code
//   R FUNCTION                                    a function of network code whose address is taken
//
// HELD is LOCK:OBJECT@LINE;... Exit status: 0, or 1 where the compiler finds an error, which goes to standard error.

#include "access.hpp"
#include "evaluated.hpp"
#include "field.hpp"
#include "locks.hpp"
#include "references.hpp"

namespace {

std::set<std::string> structures;

std::string listed(const Held &held)
{
	std::string list;

	for (const auto &[lock, line] : held)
		list += (list.empty() ? "" : ";") + lock + "@" + std::to_string(line);
	return list;
}

// data_race() switches KCSAN off for the statement expression that it is.
bool silenced(const Node &node)
{
	for (const Node *parent = node.parent; parent; parent = parent->parent) {
		if (parent->kind != CXCursor_CompoundStmt)
			continue;
		for (const Node &child : parent->children)
			if (child.kind == CXCursor_CallExpr && callee(child) == "__kcsan_disable_current")
				return true;
	}
	return false;
}

void access(const Node &node, const Held &held, const Origins &origins, const std::string &function)
{
	// A part of a larger member expression, whose access it is.
	if (node.parent->kind == CXCursor_MemberRefExpr)
		return;
	Field field = field_of(node, structures);
	Kind kind = field.name.empty() ? Kind{ nullptr, false } : kind_of(node);

	if (!kind.name || !evaluated(node))
		return;
	Place at = place(node.cursor);
	printf("A\t%s\t%s\t%s\t%u\t%u\t%s\t%s\t%s\t%s\t%s\n", field.name.c_str(), function.c_str(), shortened(at.file).c_str(), at.line,
	       at.column, kind.name, kind.marked ? "volatile" : silenced(node) ? "data_race" : "", field.shape.c_str(),
	       field.base ? origins.of(*field.base).c_str() : "", listed(held).c_str());
}

void call(const Node &node, const Held &held, const Origins &origins, const std::string &function)
{
	CXCursor target = clang_getCursorReferenced(node.cursor);
	Place at = place(node.cursor);
	std::string objects;

	if (clang_getCursorKind(target) != CXCursor_FunctionDecl || !of_network(target))
		return;
	for (size_t i = 1; i < node.children.size(); i++)
		objects += (i > 1 ? ";" : "") + origins.of(node.children[i]);
	printf("C\t%s\t%s\t%s\t%u\t%s\t%s\n", function.c_str(), spelling(target).c_str(), shortened(at.file).c_str(), at.line, objects.c_str(),
	       listed(held).c_str());
}

void function(const Node &root)
{
	std::string name = spelling(root.cursor), parameters;
	bool network = of_network(root.cursor);
	Origins origins(root);
	Locks locks(origins, [&](const Node &node, const Held &held) {
		if (node.kind == CXCursor_MemberRefExpr)
			access(node, held, origins, name);
		else if (node.kind == CXCursor_CallExpr && network)
			call(node, held, origins, name);
	});

	if (network) {
		for (const Node &child : root.children)
			if (child.kind == CXCursor_ParmDecl)
				parameters += (parameters.empty() ? "" : ";") + spelling(child.cursor);
		printf("F\t%s\t%s\t%s\n", name.c_str(), shortened(place(root.cursor).file).c_str(), parameters.c_str());
		references(root);
	}
	locks.walk(root);
}

CXChildVisitResult declaration(CXCursor cursor, CXCursor, CXClientData)
{
	CXCursorKind kind = clang_getCursorKind(cursor);

	if ((kind == CXCursor_FunctionDecl || kind == CXCursor_VarDecl) && clang_isCursorDefinition(cursor)) {
		Node root = { cursor, kind, nullptr, {} };

		if (kind == CXCursor_VarDecl && !of_network(cursor))
			return CXChildVisit_Continue;
		grow(root);
		if (kind == CXCursor_FunctionDecl)
			function(root);
		else
			references(root);
	}
	return CXChildVisit_Continue;
}

} // namespace

int main(int argc, char **argv)
{
	CXIndex index = clang_createIndex(0, 0);
	CXTranslationUnit unit;
	char real[PATH_MAX];
	std::string names = argc > 3 ? argv[1] : "";

	if (names.empty() || !realpath(argv[2], real))
		return 2;
	source = std::string(real) + "/";
	for (size_t from = 0, to; from <= names.size(); from = to + 1) {
		to = std::min(names.find(',', from), names.size());
		structures.insert(names.substr(from, to - from));
	}
	if (clang_parseTranslationUnit2(index, nullptr, argv + 3, argc - 3, nullptr, 0, CXTranslationUnit_KeepGoing, &unit)) {
		fprintf(stderr, "the compiler does not read it\n");
		return 1;
	}
	for (unsigned int i = 0; i < clang_getNumDiagnostics(unit); i++) {
		CXDiagnostic diagnostic = clang_getDiagnostic(unit, i);

		if (clang_getDiagnosticSeverity(diagnostic) >= CXDiagnostic_Error) {
			fprintf(stderr, "%s\n", text(clang_getDiagnosticSpelling(diagnostic)).c_str());
			return 1;
		}
	}
	clang_visitChildren(clang_getTranslationUnitCursor(unit), declaration, nullptr);
	return fflush(stdout) || ferror(stdout) ? 1 : 0;
}
