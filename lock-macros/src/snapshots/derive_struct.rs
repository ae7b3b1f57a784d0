// #[derive(LockKeyPart)]
// struct Place<'a, T: Entity> {
//     shop: &'a str,
//     of: T::Id,
//     kind: PhantomData<T>,
// }

#[automatically_derived]
#[allow(deprecated)]
impl<'a, T: Entity> ::lock_core::__private::LockKeyPart for Place<'a, T>
where
    T::Id: ::lock_core::__private::LockKeyPart,
{
    fn write_part(
        &self,
        __lock_out: &mut ::lock_core::__private::KeyWriter<'_>,
    ) -> ::lock_core::__private::Result<(), ::lock_core::__private::KeyError> {
        match self {
            Place { shop: __lock_0, of: __lock_1, .. } => {
                <&'a str as ::lock_core::__private::LockKeyPart>::write_part(
                    __lock_0,
                    __lock_out,
                )?;
                <T::Id as ::lock_core::__private::LockKeyPart>::write_part(
                    __lock_1,
                    __lock_out,
                )?;
                ::lock_core::__private::Ok(())
            }
        }
    }
}
