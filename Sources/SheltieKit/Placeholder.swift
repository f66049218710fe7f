// SheltieKit
