// SPDX-License-Identifier: GPL-2.0
//
// How a member expression is accessed: read or written, marked or plain.
//
// A marked access goes through a pointer to volatile, so that the compiler makes one access of it. READ_ONCE(), WRITE_ONCE(),
// smp_load_acquire() and smp_store_release() do so (include/asm-generic/rwonce.h). Whether a macro hides it does not matter. Every
// access of a volatile member is marked, too: KCSAN's compilers tell volatile accesses apart by the type.
//
// xchg(), cmpxchg() and the like copy the address to the variable __ai_ptr (include/linux/atomic/atomic-instrumented.h) and pass the copy
// on to KCSAN and to assembler. Every such operation, and each of the compiler's own (__atomic_load_n() too), counts as a marked read-write.
#ifndef AUDIT_ACCESS_HPP
#define AUDIT_ACCESS_HPP

#include "tree.hpp"

// The canonical type shows the qualifier that a typedef hides.
inline bool is_volatile(CXType type)
{
	return clang_isVolatileQualifiedType(clang_getCanonicalType(type));
}

inline bool is_volatile(const Node &node)
{
	return is_volatile(clang_getCursorType(node.cursor));
}

inline bool volatile_pointee(const Node &node)
{
	return is_volatile(clang_getPointeeType(clang_getCanonicalType(clang_getCursorType(node.cursor))));
}

// Whether an expression is one of __atomic_*() with that address. libclang has no kind for these. An implicit conversion covers the
// same text as its operand, and __builtin_choose_expr() has the type of its operand.
inline bool atomic(const Node &node, const Node &address)
{
	return !same_range(node, address) && !clang_equalTypes(clang_getCursorType(node.cursor), clang_getCursorType(address.cursor));
}

struct Kind {
	const char *name; // NULL where nothing is accessed: the operand of typeof or sizeof has no conversion to a value.
	bool marked;
};

// Goes up from the member until something reads it, stores to it or takes its address.
inline Kind kind_of(const Node &member)
{
	const Node *node = &member;
	// The expression's type also has the qualifiers of the structure around the member.
	bool address = false, marked = is_volatile(member);
	bool array = type_of(member) == CXType_ConstantArray || type_of(member) == CXType_IncompleteArray;

	for (const Node *parent = node->parent; parent; node = parent, parent = parent->parent) {
		bool first = &parent->children.front() == node;

		switch (parent->kind) {
		case CXCursor_ParenExpr:
		case CXCursor_GenericSelectionExpr:
			break;
		case CXCursor_UnexposedExpr:
			if (address && first && atomic(*parent, *node))
				return { "read-write", true };
			// An implicit conversion: of an array to a pointer, of a pointer to another, or from the field to its value.
			if (array && !address)
				address = type_of(*parent) == CXType_Pointer;
			else if (!address)
				return { "read", marked };
			break;
		case CXCursor_ArraySubscriptExpr:
			if (!first)
				return { "read", marked };
			address = array = false;
			marked = marked || is_volatile(*parent);
			break;
		case CXCursor_UnaryOperator:
			switch (clang_getCursorUnaryOperatorKind(parent->cursor)) {
			case CXUnaryOperator_AddrOf:
				address = true;
				break;
			case CXUnaryOperator_Deref:
				if (!address)
					return { "read", marked };
				address = false;
				break;
			case CXUnaryOperator_PostInc:
			case CXUnaryOperator_PostDec:
			case CXUnaryOperator_PreInc:
			case CXUnaryOperator_PreDec:
				return { "read-write", marked };
			default:
				return { "read", marked };
			}
			break;
		case CXCursor_CStyleCastExpr:
			if (!address)
				return { nullptr, false };
			marked = marked || volatile_pointee(*parent);
			break;
		case CXCursor_BinaryOperator: {
			CXBinaryOperatorKind operation = clang_getCursorBinaryOperatorKind(parent->cursor);

			if (address)
				return { "address", marked };
			if (operation == CXBinaryOperator_Assign && first)
				return { "write", marked };
			if (operation != CXBinaryOperator_Comma)
				return { "read", marked };
			break;
		}
		case CXCursor_CompoundAssignOperator:
			return { address ? "address" : first ? "read-write" : "read", marked };
		case CXCursor_VarDecl:
			if (address && spelling(parent->cursor) == "__ai_ptr")
				return { "read-write", true };
			return { address ? "address" : nullptr, marked || volatile_pointee(*parent) };
		case CXCursor_CallExpr:
			if (address && callee(*parent).compare(0, 7, "__sync_") == 0)
				return { "read-write", true };
			return { address ? "address" : nullptr, marked };
		default:
			return { address ? "address" : nullptr, marked };
		}
	}
	return { nullptr, false };
}

#endif
