// #[derive(LockKeyPart)]
// #[lock_key(crate = ::locks)]
// enum Slot {
//     Nowhere,
//     #[lock_key(rename = "shelf")]
//     Shelf(u64, Option<u8>),
// }

#[diagnostic::do_not_recommend]
#[automatically_derived]
#[allow(deprecated)]
impl ::locks::__private::LockKeyPart for Slot {
    fn write_part(
        &self,
        __lock_out: &mut ::locks::__private::KeyWriter<'_>,
    ) -> ::locks::__private::Result<(), ::locks::__private::KeyError> {
        match self {
            Slot::Nowhere { .. } => {
                ::locks::__private::text("Nowhere", __lock_out)?;
                ::locks::__private::Ok(())
            }
            Slot::Shelf { 0: __lock_0, 1: __lock_1, .. } => {
                ::locks::__private::text("shelf", __lock_out)?;
                <u64 as ::locks::__private::LockKeyPart>::write_part(
                    __lock_0,
                    __lock_out,
                )?;
                <Option<
                    u8,
                > as ::locks::__private::LockKeyPart>::write_part(__lock_1, __lock_out)?;
                ::locks::__private::Ok(())
            }
        }
    }
}
